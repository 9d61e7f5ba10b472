"""Shows batches."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from payments.domain.batch import BatchStatus
from payments.domain.errors import BatchNotFound
from payments.domain.identifiers import is_payment_id

if TYPE_CHECKING:
    from payments.domain.batch import Batch
    from payments.domain.batch_listing import BatchListing
    from payments.ports import BatchPage, BatchReader, SettledPayments

MOST_COUNTED = 10_000
"""Accepted rows up to which a batch is counted while the caller waits; longer ones show what was last recounted."""


def find_batch(batch_id: str, *, reader: BatchReader, payments: SettledPayments) -> Batch:
    """Return the batch, with what has become of its payments by now.

    Raises:
        BatchNotFound: there is none, or no batch could have this id.
    """
    # A batch's id has the shape of a payment's: both are derived alike.
    if not is_payment_id(batch_id):
        raise BatchNotFound(batch_id)
    batch = reader.get(batch_id)
    if batch.status is not BatchStatus.COMPLETED or batch.counts is None or batch.counts.accepted > MOST_COUNTED:
        return batch
    return replace(batch, settled=payments.counts_of(batch_id))


def list_batches(listing: BatchListing, *, reader: BatchReader) -> BatchPage:
    """Return the page that ``listing`` asks for, newest first.

    Raises:
        RequestRefused: the page's token was not issued for this listing.
    """
    return reader.list_created_on(listing.day, limit=listing.limit, next_token=listing.next_token)
