"""Shows batches."""

from __future__ import annotations

from typing import TYPE_CHECKING

from payments.domain.errors import BatchNotFound
from payments.domain.identifiers import is_payment_id

if TYPE_CHECKING:
    from payments.domain.batch import Batch
    from payments.domain.batch_listing import BatchListing
    from payments.ports import BatchPage, BatchReader


def find_batch(batch_id: str, *, reader: BatchReader) -> Batch:
    """Return the batch.

    Raises:
        BatchNotFound: there is none, or no batch could have this id.
    """
    # A batch's id has the shape of a payment's: both are derived alike.
    if not is_payment_id(batch_id):
        raise BatchNotFound(batch_id)
    return reader.get(batch_id)


def list_batches(listing: BatchListing, *, reader: BatchReader) -> BatchPage:
    """Return the page that ``listing`` asks for, newest first.

    Raises:
        RequestRefused: the page's token was not issued for this listing.
    """
    return reader.list_created_on(listing.day, limit=listing.limit, next_token=listing.next_token)
