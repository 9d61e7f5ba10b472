"""Entering rows: what becomes of each, alone and beside what is there already."""

from __future__ import annotations

import tracemalloc
from decimal import Decimal
from typing import TYPE_CHECKING, cast

import pytest

from payments.domain.batch import BatchObject, BatchStatus, ByteRange
from payments.domain.history import is_sound
from payments.domain.payment import Processing, Status
from payments.domain.request import checked_request
from payments.ports import KeyRecord
from payments.use_cases import accept_payment, ingest_range
from payments.use_cases.batches.ingest import ROWS_AT_ONCE
from tests.fakes import START
from tests.unit.batch_site import HEADER, KEY, OPEN_DEADLINE, BatchSite
from tests.unit.pipeline import APPROVALS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from payments.domain.batch import RowCounts
    from payments.domain.payment import Payment
    from payments.ports import WorkFiles


@pytest.fixture
def site() -> BatchSite:
    return BatchSite()


def test_a_good_row_becomes_a_payment_that_names_its_row(site: BatchSite) -> None:
    batch = site.paid(HEADER + b"\norder-1,12.3,EUR,ada,a note\n")
    assert batch.counts is not None
    assert (batch.counts.received, batch.counts.accepted, batch.counts.totals) == (1, 1, {"EUR": Decimal("12.30")})
    payment = site.payments.get("order-1")
    request = checked_request(
        {"payment_id": "order-1", "amount": "12.3", "currency": "EUR", "customer_id": "ada", "description": "a note"}
    )
    assert (payment.amount, payment.currency, payment.customer_id, payment.description) == (
        request.amount,
        "EUR",
        "ada",
        "a note",
    )
    assert payment.request_hash == request.request_hash
    assert (payment.batch_id, payment.batch_line) == (batch.batch_id, 3)
    assert (payment.status, payment.version, payment.processing) == (Status.ACCEPTED, 1, Processing.QUEUED)
    assert (payment.created_at, payment.due_at) == (START, START + OPEN_DEADLINE)
    (entry,) = payment.history
    assert is_sound("order-1", payment.history)
    assert (entry.actor, entry.reason) == ("batch", f"accepted from batch {batch.batch_id}, line 3")


def test_rows_without_an_id_are_a_payment_each_even_if_they_say_the_same(site: BatchSite) -> None:
    site.paid(HEADER + b",1.00,EUR,,\n,1.00,EUR,,\n")
    assert len(site.payments.payments) == 2


def test_a_second_upload_of_the_same_bytes_under_the_same_key_enters_nothing_and_says_so(site: BatchSite) -> None:
    """Defect: Batch. Ids from the clock doubled every payment."""
    content = HEADER + b"order-1,1.00,EUR,,\n,2.00,EUR,,\n"
    first, second = (site.run(site.upload(content, version=version)) for version in ("version-1", "version-2"))
    assert first.batch_id != second.batch_id
    assert len(site.payments.payments) == 2
    assert second.counts is not None
    assert (second.counts.accepted, second.counts.rejected, second.counts.totals) == (0, 2, {})
    derived = site.entered()[3].payment_id
    assert site.report(second) == [
        "2,order-1,payment_id,repeats an existing payment; nothing was entered",
        f"3,{derived},payment_id,repeats an existing payment; nothing was entered",
    ]


def test_the_same_row_without_an_id_under_another_key_is_another_payment(site: BatchSite) -> None:
    for key in (KEY, "incoming/other.csv"):
        site.run(site.upload(HEADER + b",2.00,EUR,,\n", key=key))
    assert len(site.payments.payments) == 2


def test_of_rows_with_one_id_the_first_is_entered_and_the_others_are_told_which_it_was(site: BatchSite) -> None:
    batch = site.paid(HEADER + b"order-1,1.00,EUR,,\norder-1,1.00,EUR,,\norder-1,2.00,EUR,,\n")
    assert site.payments.get("order-1").batch_line == 2
    assert site.report(batch) == [
        '3,order-1,payment_id,"repeats an existing payment, that of line 2; nothing was entered"',
        '4,order-1,payment_id,"belongs to another request, that of line 2; nothing was entered"',
    ]


@pytest.mark.parametrize("distance", [1, ROWS_AT_ONCE - 1, ROWS_AT_ONCE, 2 * ROWS_AT_ONCE])
def test_a_repeat_is_found_however_far_it_is_from_what_it_repeats(distance: int) -> None:
    site = BatchSite(lines_per_range=10_000)
    between = b"".join(b"row-%d,1.00,EUR,,\n" % number for number in range(distance - 1))
    batch = site.paid(HEADER + b"order-1,1.00,EUR,,\n" + between + b"order-1,1.00,EUR,,\n")
    assert [line.split(",")[:2] for line in site.report(batch)] == [[str(distance + 2), "order-1"]]


def test_a_row_that_repeats_a_payment_of_the_api_is_rejected_and_that_payment_stands(site: BatchSite) -> None:
    body = {"payment_id": "order-1", "amount": "1.00", "currency": "EUR"}
    accept_payment(
        checked_request(body),
        idempotency_key=None,
        store=site.payments,
        clock=site.clock,
        tokens=site.tokens,
        open_deadline=OPEN_DEADLINE,
        approvals=APPROVALS,
    )
    before = site.payments.get("order-1")
    batch = site.paid(HEADER + b"order-1,1.00,EUR,,\n")
    assert site.report(batch) == ["2,order-1,payment_id,repeats an existing payment; nothing was entered"]
    assert site.payments.get("order-1") is before


def test_an_id_that_an_idempotency_key_holds_belongs_to_another_request(site: BatchSite) -> None:
    site.payments.key_records["order-1"] = KeyRecord(
        record_id="order-1", request_hash="hash", expires_at=START + OPEN_DEADLINE
    )
    batch = site.paid(HEADER + b"order-1,1.00,EUR,,\n")
    assert site.report(batch) == ["2,order-1,payment_id,belongs to another request; nothing was entered"]


def test_a_range_that_is_read_again_after_its_payments_were_charged_comes_to_the_same(site: BatchSite) -> None:
    """Defect: Blind and double writes."""
    source = site.upload(HEADER + b"order-1,1.00,EUR,,\norder-1,1.00,EUR,,\nbad\n")
    batch = site.run(source)
    site.charge("order-1")
    charged = site.payments.get("order-1")
    before = (dict(site.work.outcomes_written), dict(site.work.rejected_written))
    (part,) = site.work.manifests[f"work/{batch.batch_id}/manifest.json"]
    site.clock.move(OPEN_DEADLINE)
    assert site.ingest(source, batch.batch_id, part) == batch.counts
    assert (site.work.outcomes_written, site.work.rejected_written) == before
    assert site.payments.get("order-1") is charged


def test_a_dry_run_reports_and_enters_nothing(site: BatchSite) -> None:
    source = site.upload(HEADER + b"order-1,1.00,EUR,,\nbad\n", key="incoming/dry-run/a.csv")
    batch = site.run(source)
    assert batch.counts is not None
    assert (batch.counts.accepted, batch.counts.rejected, batch.counts.totals) == (1, 1, {"EUR": Decimal("1.00")})
    assert (batch.status, batch.is_dry_run) == (BatchStatus.SETTLED, True)
    assert not site.payments.payments
    assert site.intake.calls == 0
    assert len(site.report(batch)) == 1


def test_rows_are_entered_many_at_a_time() -> None:
    """Defect: Batch. One put a row is a tenth as fast."""
    site = BatchSite(lines_per_range=10_000)
    site.paid(HEADER + b"".join(b"row-%d,1.00,EUR,,\n" % number for number in range(2 * ROWS_AT_ONCE)))
    assert site.intake.calls == 2


def test_a_range_of_bad_rows_alone_asks_nothing_of_the_table(site: BatchSite) -> None:
    site.paid(HEADER + b"bad\nbad\n")
    assert site.intake.calls == 0


def test_a_row_may_come_with_a_byte_order_mark_before_its_header_in_every_range() -> None:
    site = BatchSite(lines_per_range=1)
    batch = site.paid(b"\xef\xbb\xbfamount,currency,payment_id\r\n1.00,EUR,a\r\n2.00,EUR,b\r\n")
    assert batch.counts is not None
    assert (batch.counts.accepted, batch.counts.rejected) == (2, 0)


class GeneratedUpload:
    """An object of bad rows and good rows without an end, held by nobody."""

    def size_bytes(self, _source: BatchObject) -> int:
        raise NotImplementedError

    def pieces(self, _source: BatchObject, *, start: int, end: int) -> Iterator[bytes]:
        if start == 0:
            yield HEADER
        for number in range(start, end, len(HEADER)):
            yield (f"row-{number},1.00,EUR,," if number % 2 else "bad").ljust(len(HEADER) - 1, " ").encode() + b"\n"


class Forgetful:
    """An intake and work files that keep nothing."""

    def create_all(self, payments: Sequence[Payment]) -> Iterator[Payment | None]:
        return iter(payments)

    def write_rejected(self, _batch_id: str, _number: int, lines: Iterable[str]) -> None:
        for _ in lines:
            pass

    def write_outcome(self, _batch_id: str, _number: int, _counts: RowCounts) -> None:
        pass


def peak_bytes(site: BatchSite, *, rows: int) -> int:
    tracemalloc.start()
    counts = ingest_range(
        "batch-1",
        ByteRange(number=0, start=len(HEADER), end=(rows + 1) * len(HEADER), first_line=2),
        source=BatchObject(bucket="batches", key=KEY, version="1"),
        files=GeneratedUpload(),
        work=cast("WorkFiles", Forgetful()),
        intake=Forgetful(),
        clock=site.clock,
        open_deadline=OPEN_DEADLINE,
    )
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert counts.received == rows
    return peak


def test_memory_does_not_grow_with_the_rows(site: BatchSite) -> None:
    """Defect: Batch. The whole file was held."""
    peak_bytes(site, rows=1)
    assert peak_bytes(site, rows=8 * ROWS_AT_ONCE) < 1.2 * peak_bytes(site, rows=4 * ROWS_AT_ONCE)
