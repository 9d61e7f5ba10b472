"""Shows payments and their audit trails."""

from __future__ import annotations

from typing import TYPE_CHECKING

from payments.domain.errors import PaymentNotFound
from payments.domain.identifiers import is_payment_id

if TYPE_CHECKING:
    from collections.abc import Sequence

    from payments.domain.audit import AuditEvent
    from payments.domain.listing import Listing
    from payments.domain.payment import Payment
    from payments.ports import AuditTrail, Page, PaymentReader


def find_payment(payment_id: str, *, reader: PaymentReader) -> Payment:
    """Return the payment.

    Raises:
        PaymentNotFound: there is none, or no payment could have this id.
    """
    if not is_payment_id(payment_id):
        raise PaymentNotFound(payment_id)
    return reader.get(payment_id)


def list_payments(listing: Listing, *, reader: PaymentReader) -> Page:
    """Return the page that ``listing`` asks for, newest first.

    Raises:
        RequestRefused: the page's token was not issued for this listing.
    """
    if listing.created_on is not None:
        return reader.list_created_on(listing.created_on, limit=listing.limit, next_token=listing.next_token)
    if listing.customer_id is None:
        raise ValueError("a listing names a customer or a day")
    return reader.list_of_customer(listing.customer_id, limit=listing.limit, next_token=listing.next_token)


def events_of(payment_id: str, *, reader: PaymentReader, trail: AuditTrail) -> Sequence[AuditEvent]:
    """Return what is recorded about the payment, in order of version; the record follows the payment by moments.

    Raises:
        PaymentNotFound: there is no such payment, and nothing is recorded of one.
    """
    events = trail.events_of(payment_id) if is_payment_id(payment_id) else ()
    if not events:
        find_payment(payment_id, reader=reader)
    return events
