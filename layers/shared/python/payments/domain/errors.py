"""Everything the domain and its ports may raise.

::

    PaymentError
    ├── RequestRefused            the caller's request breaks a rule; carries every violation
    │   └── BodyTooLong
    ├── PaymentNotFound
    ├── IdempotencyConflict       the same key came with another body
    ├── PaymentIdTaken            another request already uses this payment id
    ├── TransitionNotAllowed      the state machine has no such move
    ├── ReviewTooEarly            a charge may still arrive at the gateway; look there again later
    ├── VersionConflict           somebody else moved the payment first; carries what is stored now
    ├── SettlementContradicted    the gateway approved what is settled otherwise; a person must look
    ├── HistoryMismatch           an audit event exists with other content, or a history is not what its hashes say
    ├── MessageNotUnderstood      a queue message of an unknown shape or schema version
    ├── StoreBusy                 a table is asked for more than it takes at the moment; try again a little later
    ├── DeliveryFailed            a queue, topic or webhook did not take it; try again
    ├── PaymentUnsettled          somebody else holds the payment, or its pause runs; look again later
    ├── ApprovalNotAwaited        nobody is to be asked any more: the payment's state decides
    ├── ApprovalNotFound          no approval waits under this token
    ├── ApprovalClosed            decided otherwise, or its time is over
    ├── BatchNotFound
    ├── BatchConflict             somebody else moved the batch first
    ├── BatchRefused              the file can't be read at all; the reason is for whoever sent it
    ├── OutcomeMissing            a range of a file has not been read to its end
    └── GatewayError
        ├── GatewayAmbiguous      nobody knows whether the charge happened; try again with the same key
        └── GatewayRefused        the gateway understood and will never do it
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from payments.domain.payment import Payment, Status


class PaymentError(Exception):
    """Root of every error this package raises on purpose."""


@dataclass(frozen=True)
class Violation:
    """One field at fault.

    ``pointer`` is a JSON pointer (RFC 6901) into the body, empty for the body itself; parameters and headers are
    pointed to by their names, as if each kind were an object.
    """

    pointer: str
    detail: str


class RequestRefused(PaymentError):
    """The request breaks one rule or several; all of them are named at once."""

    def __init__(self, violations: Sequence[Violation]) -> None:
        self.violations = tuple(violations)
        super().__init__("; ".join(f"{v.pointer or 'body'}: {v.detail}" for v in self.violations))


class BodyTooLong(RequestRefused):
    """The request's body has more bytes than any request needs."""


class PaymentNotFound(PaymentError):
    """No payment has this id."""

    def __init__(self, payment_id: str) -> None:
        self.payment_id = payment_id
        super().__init__(f"no payment has the id {payment_id!r}")


class IdempotencyConflict(PaymentError):
    """The idempotency key was used before with another body."""

    def __init__(self) -> None:
        super().__init__("this idempotency key came with another body before; a new payment needs a new key")


class PaymentIdTaken(PaymentError):
    """The payment id belongs to another request."""

    def __init__(self, payment_id: str) -> None:
        self.payment_id = payment_id
        super().__init__(f"the payment id {payment_id!r} belongs to another request")


class TransitionNotAllowed(PaymentError):
    """The table of transitions has no such move."""

    def __init__(self, payment_id: str, status: Status, to: Status) -> None:
        self.payment_id, self.status, self.to = payment_id, status, to
        super().__init__(f"payment {payment_id} is {status} and cannot become {to}")


class ReviewTooEarly(PaymentError):
    """Nobody can know before ``until`` that a payment was not charged: its last request may be on its way."""

    def __init__(self, payment_id: str, until: datetime) -> None:
        self.payment_id, self.until = payment_id, until
        super().__init__(
            f"a charge of payment {payment_id} may still be on its way until {until:%H:%M:%S} (UTC): look its id up at "
            "the gateway after that, then settle it by what stands there"
        )


class VersionConflict(PaymentError):
    """Another writer moved the payment first; ``stored`` is what the table holds now, if anything."""

    def __init__(self, payment_id: str, expected_version: int, stored: Payment | None) -> None:
        self.payment_id, self.expected_version, self.stored = payment_id, expected_version, stored
        found = f"version {stored.version}" if stored else "nothing"
        super().__init__(f"payment {payment_id}: expected version {expected_version}, found {found}")


class SettlementContradicted(PaymentError):
    """The gateway approved a charge of a payment that somebody settled otherwise in the meantime."""

    def __init__(self, payment_id: str, status: Status, gateway_reference: str) -> None:
        self.payment_id, self.status, self.gateway_reference = payment_id, status, gateway_reference
        super().__init__(
            f"payment {payment_id} is {status}, but the gateway approved charge {gateway_reference}: "
            "refund the charge there, or settle a payment that needs review as succeeded"
        )


class HistoryMismatch(PaymentError):
    """An audit event with this id exists and says something else, or a history breaks its own chain of hashes."""


class MessageNotUnderstood(PaymentError):
    """A queue message does not have the shape or schema version this consumer knows."""


class DeliveryFailed(PaymentError):
    """A queue, topic or webhook did not take what was sent; sending again is safe."""


class PaymentUnsettled(PaymentError):
    """The payment is still open: somebody else holds it, or the pause after an attempt runs; look again later."""


class ApprovalNotAwaited(PaymentError):
    """The payment waits for nobody's approval: it is decided, settled or never needed any; its state says what next."""


class ApprovalNotFound(PaymentError):
    """No approval waits, or ever waited, under this token. The token is not repeated in the error."""


class ApprovalClosed(PaymentError):
    """The approval was decided otherwise, or nobody decided in time; what was, stands."""


class BatchNotFound(PaymentError):
    """No batch has this id."""

    def __init__(self, batch_id: str) -> None:
        self.batch_id = batch_id
        super().__init__(f"no batch has the id {batch_id!r}")


class StoreBusy(PaymentError):
    """A table is asked for more than it takes at the moment; asking it again a little later is safe."""


class BatchConflict(PaymentError):
    """Another run moved the batch first; what it did can be read and agreed with."""


class BatchRefused(PaymentError):
    """The file can't be read at all, and no retry would help; the message is the reason, for whoever sent the file."""


class OutcomeMissing(PaymentError):
    """A range of a batch's file has no outcome: it has not been read to its end."""


class GatewayError(PaymentError):
    """Root of what a payment gateway can answer beside success and decline."""


class GatewayAmbiguous(GatewayError):
    """Time-out, reset, 5xx, unreadable answer or secret: the charge may or may not have happened."""


class GatewayRefused(GatewayError):
    """The gateway understood the request and will never fulfil it; ``code`` says why."""

    def __init__(self, code: str, detail: str) -> None:
        self.code = code
        super().__init__(f"{code}: {detail}")
