"""What the use cases of batch files need from the outside world."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import date, datetime

    from payments.domain.batch import Batch, BatchObject, ByteRange, RowCounts
    from payments.domain.payment import Payment, Status


@dataclass(frozen=True)
class BatchPage:
    """One page of a listing; ``next_token`` is opaque and absent on the last page."""

    items: tuple[Batch, ...]
    next_token: str | None


class BatchReader(Protocol):
    """Reads batches."""

    def get(self, batch_id: str) -> Batch:
        """Return the batch, strongly consistent.

        Raises:
            BatchNotFound: there is none.
        """
        ...

    def list_created_on(self, day: date, *, limit: int, next_token: str | None) -> BatchPage:
        """Return the batches created on ``day`` (UTC), newest first, ``limit`` (1 to 100) at most.

        Raises:
            RequestRefused: ``next_token`` was not issued for this listing.
        """
        ...


class BatchStore(BatchReader, Protocol):
    """Reads batches and makes the one conditional write of each step."""

    def create(self, batch: Batch) -> Batch:
        """Add ``batch`` if its id is new; return what is stored under the id, ``batch`` itself where it was new."""
        ...

    def advance(self, batch: Batch) -> None:
        """Replace version ``batch.version - 1`` by ``batch``; a repeat of this very write is a success.

        Raises:
            BatchConflict: the stored batch is neither that version nor this very write.
        """
        ...


class OverdueBatches(Protocol):
    """Finds batches that are due for a look."""

    def ids_due_before(self, moment: datetime) -> Sequence[str]:
        """Return the ids of all batches due before ``moment``, oldest first."""
        ...


class BatchNotices(Protocol):
    """Tells the back office."""

    def tell(self, batch: Batch) -> None:
        """Tell how ``batch`` stands now that it has failed.

        Raises:
            DeliveryFailed: it was not taken; tell again.
        """
        ...


class UploadedFiles(Protocol):
    """Reads uploads, a piece at a time: no call holds a file."""

    def size_bytes(self, source: BatchObject) -> int:
        """Return the size of the object.

        Raises:
            BatchRefused: the object, or this version of it, is not there.
        """
        ...

    def pieces(self, source: BatchObject, *, start: int, end: int) -> Iterator[bytes]:
        """Yield the bytes from ``start`` to ``end``, the latter excluded, in pieces of at most a mebibyte.

        A connection that breaks is taken up where it broke; what can't be read raises.
        """
        ...


class WorkFiles(Protocol):
    """What the steps of one batch leave for each other. Everything written can be written again and says the same."""

    def write_manifest(self, batch_id: str, ranges: Iterable[ByteRange]) -> str:
        """Write the ranges as the workflow's map reads them; return the object's key."""
        ...

    def write_outcome(self, batch_id: str, number: int, counts: RowCounts) -> None:
        """Write what came of the range ``number``."""
        ...

    def write_rejected(self, batch_id: str, number: int, lines: Iterable[str]) -> None:
        """Write the report lines of the range ``number``, each with its line break and none of them the header.

        They are taken one by one, and entering rows goes on while they are: memory stays flat however many they are.
        """
        ...

    def outcomes(self, batch_id: str, ranges: int) -> Iterator[RowCounts]:
        """Yield what came of each of the ``ranges`` ranges, in order.

        Raises:
            OutcomeMissing: a range has none.
        """
        ...

    def write_report(self, batch_id: str, *, header: str, ranges: int) -> str:
        """Join the ranges' report lines under the line ``header`` as ``rejected/<batch_id>.csv``; return that key."""
        ...


class PaymentIntake(Protocol):
    """Adds many payments at once, each under its own condition."""

    def create_all(self, payments: Sequence[Payment]) -> Iterator[Payment | None]:
        """Begin to add those whose id is new; yield, in order, what is stored under each id since.

        That is the payment itself where this call, or an earlier try of it, wrote it; another payment where the id was
        taken; None where an idempotency key's record holds the id, which from then on it does for a month. Ids in
        ``payments`` differ from each other.

        Adding goes on beside the caller, who may prepare what comes next meanwhile. What was yielded is stored; what
        could not be raises in its place.
        """
        ...


class SettledPayments(Protocol):
    """Counts a batch's payments where they stand."""

    def counts_of(self, batch_id: str) -> Mapping[Status, int]:
        """Return how many of the batch's payments stand at each status that is not open."""
        ...
