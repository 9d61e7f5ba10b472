"""The plan of a file: ranges that leave nothing out, and control totals that are held to."""

from __future__ import annotations

import csv
import io
from itertools import product
from string import ascii_uppercase

import pytest
from hypothesis import given
from hypothesis import strategies as st

from payments.domain.batch import BatchObject, BatchStatus
from payments.domain.batch_control import TAIL_BYTES
from payments.domain.batch_failure import LONGEST_REASON
from payments.domain.batch_file import lines_in
from payments.domain.batch_plan import BYTES_PER_RANGE, LINES_PER_RANGE, Plan, planned
from payments.domain.errors import BatchRefused
from payments.use_cases import Planned, plan_batch
from tests.batch_fakes import FakeUploads, FakeWorkFiles
from tests.unit.batch_site import BatchSite

HEADER = b"payment_id,amount,currency\n"
SOURCE = BatchObject(bucket="batches", key="incoming/a.csv", version="1")

contents = st.binary(max_size=300).map(lambda raw: raw.replace(b"\x01", b"\n").replace(b"\x02", b"\r\n"))


def plan(content: bytes, *, piece_bytes: int = 1024) -> Planned:
    files = FakeUploads(piece_bytes=piece_bytes)
    files.objects[SOURCE] = content
    return plan_batch("batch-1", source=SOURCE, files=files, work=FakeWorkFiles())


def refusal(content: bytes) -> str:
    with pytest.raises(BatchRefused) as refused:
        plan(content)
    return str(refused.value)


def plan_of(data: bytes, *, lines: int = LINES_PER_RANGE, size: int = BYTES_PER_RANGE) -> Plan:
    return planned([HEADER + data], control=None, lines_per_range=lines, bytes_per_range=size)


@given(contents.filter(lambda raw: not {*b'\0"'} & {*raw}), st.integers(1, 7), st.integers(1, 90))
def test_ranges_are_whole_lines_one_after_the_other_and_leave_nothing_out(data: bytes, lines: int, size: int) -> None:
    ranges = plan_of(data, lines=lines, size=size).ranges
    content = HEADER + data
    assert b"".join(content[each.start : each.end] for each in ranges) == data
    assert [each.number for each in ranges] == list(range(len(ranges)))
    line = 2
    for each in ranges:
        own = list(lines_in([content[each.start : each.end]]))
        assert each.first_line == line
        assert content[: each.start].endswith(b"\n")
        assert 1 <= len(own) <= lines
        assert each.end - each.start <= size or len(own) == 1
        line += len(own)


def test_ranges_are_as_long_as_they_may_be() -> None:
    """Defect: Batch. A range for each row would be as slow as a call for each row."""
    lines = plan_of(b"x\n" * 25, lines=10).ranges
    assert [each.end - each.start for each in lines] == [20, 20, 10]
    sizes = plan_of(b"xxx\n" * 5, size=8).ranges
    assert [each.end - each.start for each in sizes] == [8, 8, 4]
    assert len(plan_of(b"x,1.00,EUR\n" * 20_000).ranges) == 2


@given(contents)
def test_any_file_has_a_plan_or_is_refused_and_rows_are_the_lines_that_are_not_empty(data: bytes) -> None:
    if b"\0" in data or b"#control" in data or b'"' in data:
        return
    rows = [line for line in data.split(b"\n") if line not in {b"", b"\r"}]
    assert plan(HEADER + data).rows == len(rows)


@given(st.binary(max_size=300))
def test_any_bytes_at_all_have_a_plan_or_are_refused(content: bytes) -> None:
    try:
        assert plan(content).rows >= 0
    except BatchRefused as refused:
        assert str(refused)  # noqa: PT017 - either is fine, and nothing else is


@given(content=contents, size=st.integers(1, 40))
def test_ranges_are_the_same_however_the_bytes_arrive(content: bytes, size: int) -> None:
    if not {*b'\0"'} & {*content}:
        pieces = [(HEADER + content)[start : start + size] for start in range(0, len(HEADER + content), size)]
        assert planned(pieces, control=None, lines_per_range=3) == plan_of(content, lines=3)


@given(
    rows=st.lists(
        st.sampled_from(
            [b"a,1.00,EUR", b"b,2.00,EUR", b"a,1.00,EUR\r", b",3.00,EUR", b"c,x,EUR", b'd,1,"E"UR', b"", b"\xff"]
        ),
        max_size=12,
    ),
    lines_per_range=st.integers(1, 6),
)
def test_a_file_read_in_ranges_comes_to_what_it_comes_to_in_one(rows: list[bytes], lines_per_range: int) -> None:
    content = HEADER + b"\n".join(rows)
    whole, parted = BatchSite(lines_per_range=100), BatchSite(lines_per_range=lines_per_range)
    one, many = whole.paid(content), parted.paid(content)
    assert (one.counts, one.rows, one.status) == (many.counts, many.rows, many.status)
    assert whole.report(one) == parted.report(many)
    assert whole.entered() == parted.entered()


def test_a_header_alone_has_no_rows_and_no_ranges() -> None:
    assert (plan(HEADER).rows, plan(HEADER).ranges) == (0, 0)
    assert (plan(HEADER.rstrip()).rows, plan(HEADER.rstrip()).ranges) == (0, 0)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "the file is empty"),
        (b"\n\n", "empty"),
        (HEADER + b"a,1.00,EUR\nb,\0,EUR\n", "NUL"),
        (HEADER + b"a,1.00,EUR\n" * 100_000 + b"\0", "NUL"),
        (HEADER + b'a,1.00,EUR\nb,1.00,"EUR\n', "line 3 opens a quote that it does not close"),
        (HEADER + b'a,1.00,EUR\n\nb,1.00,"E"UR,"', "line 4 opens a quote"),
        (HEADER + b"x" * 20_000 + b'"', "line 2 is longer than 16384 bytes and holds quotes"),
        (HEADER.replace(b"\n", b"\r") + b"a,1.00,EUR\r", "carriage return"),
        ((HEADER + b"a,1.00,EUR\n").decode().encode("utf-16"), "UTF-8"),
        (b"PK\x03\x04\x14\0\x06\0", "UTF-8"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_and_leaves_no_manifest(content: bytes, reason: str) -> None:
    files, work = FakeUploads(), FakeWorkFiles()
    files.objects[SOURCE] = content
    with pytest.raises(BatchRefused, match=reason):
        plan_batch("batch-1", source=SOURCE, files=files, work=work)
    assert not work.manifests


@pytest.mark.parametrize(
    "description", ["hello\nevil-1,9999.00,USD,mallory,x\nbye", "hello\nevil-1,9999.00,USD,mallory,x"]
)
def test_a_text_that_holds_what_looks_like_a_row_pays_nobody(description: str) -> None:
    """Who writes a text of a payment must not write payments (RFC 4180 lets a quoted value go over lines)."""
    written = io.StringIO()
    csv.writer(written, lineterminator="\n").writerows(
        [
            ("payment_id", "amount", "currency", "customer_id", "description"),
            ("order-1", "1.00", "EUR", "ada", "fine"),
            ("order-2", "1.00", "EUR", "bob", description),
        ]
    )
    site = BatchSite()
    batch = site.paid(written.getvalue().encode())
    assert batch.status is BatchStatus.FAILED
    assert batch.reason is not None
    assert batch.reason.startswith("line 3 opens a quote")
    assert site.entered() == {}


def test_a_version_that_is_gone_is_refused() -> None:
    with pytest.raises(BatchRefused, match="not there"):
        plan_batch("batch-1", source=SOURCE, files=FakeUploads(), work=FakeWorkFiles())


TWO_ROWS = HEADER + b"a,10.00,EUR\nb,5.5,\n"


@pytest.mark.parametrize(
    "trailer",
    [
        b"#control,rows=2,EUR=10.00,USD=5.50",
        b"#control,rows=2,EUR=10,USD=5.5\n",
        b"#control,USD=5.50,EUR=10.00,rows=2\r\n",
        b"#control,rows=2,EUR=10.00,USD=5.50,,\n\n\r\n",
        b'#control,"rows=2",EUR=10.00,USD=5.50\n',
        b'"#control","rows=2","EUR=10.00","USD=5.50"\r\n',
        b'"#control",rows=2,EUR=10.00,USD=5.50,""\n',
    ],
)
def test_a_file_that_comes_to_its_control_totals_is_planned_without_their_line(trailer: bytes) -> None:
    files, work = FakeUploads(), FakeWorkFiles()
    files.objects[SOURCE] = TWO_ROWS + trailer
    found = plan_batch("batch-1", source=SOURCE, files=files, work=work)
    assert found.rows == 2
    assert [each.end for each in work.manifests[found.manifest_key]] == [len(TWO_ROWS)]


@pytest.mark.parametrize(
    ("trailer", "reason"),
    [
        (b"#control,rows=3,EUR=10.00,USD=5.50", "rows 3 named, 2 found"),
        (b"#control,rows=2,EUR=10.01,USD=5.50", "EUR 10.01 named, 10.00 found"),
        (b"#control,rows=2,EUR=10.00", "USD none named, 5.5 found"),
        (b"#control,rows=2,EUR=10.00,USD=5.50,GBP=0", "GBP 0 named, none found"),
        (b"#control,rows=1,EUR=1,USD=5.50", "rows 1 named, 2 found; EUR 1 named, 10.00 found"),
        (b"#control", "can't be understood"),
        (b"#control\r\n", "can't be understood"),
        (b'"#control"', "can't be understood"),
        (b'"#control,rows=2,EUR=10.00,USD=5.50"', "can't be understood"),
        (b'"#control,rows=2', "line of control totals"),
        (b'"#control",rows=3,EUR=10.00,USD=5.50', "rows 3 named, 2 found"),
        (b'"#control",rows=2,EUR=10.00,USD=5.50\nc,1.00,EUR\n', "line 4 holds control totals"),
        (b"#control ,rows=2,EUR=10.00,USD=5.50", "can't be understood"),
        (b"#control;rows=2;EUR=10.00;USD=5.50", "can't be understood"),
        (b"#controls,rows=2,EUR=10.00,USD=5.50", "can't be understood"),
        (b"#Control,rows=2,EUR=10.00,USD=5.50", "can't be understood"),
        (b" #control,rows=2,EUR=10.00,USD=5.50", "can't be understood"),
        (b'" #control",rows=2,EUR=10.00,USD=5.50', "can't be understood"),
        (b"# control,rows=2,EUR=10.00,USD=5.50", "can't be understood"),
        (b"#CONTROL,rows=2,EUR=10.00,USD=5.50\nc,1.00,EUR\n", "line 4 holds control totals"),
        (b"#control,EUR=10.00,USD=5.50", "can't be understood"),
        (b"#control,rows=2,EUR=ten,USD=5.50", "can't be understood"),
        (b"#control,rows=2,euro=10.00,USD=5.50", "can't be understood"),
        (b"#control,rows=2,rows=2,EUR=10.00,USD=5.50", "can't be understood"),
        (b"#control,rows=2,EUR=10.00,EUR=10.00,USD=5.50", "can't be understood"),
        (b'#control,"rows=2', "line of control totals"),
        (b"#control,rows=\xff", "line of control totals"),
        (b"#control,rows=2,EUR=10.00,USD=5.50\nc,1.00,EUR\n", "line 4 holds control totals"),
    ],
)
def test_a_file_that_does_not_come_to_its_control_totals_is_refused_with_both_figures(
    trailer: bytes, reason: str
) -> None:
    assert reason in refusal(TWO_ROWS + trailer)


def test_totals_that_differ_in_thousands_of_currencies_are_refused_in_few_words() -> None:
    codes = ["".join(letters).encode() for letters in product(ascii_uppercase, repeat=3)]
    longest = b"-%s.%s" % (b"9" * 18, b"9" * 18)
    rows = b"".join(b"a,%s,%s\n" % (longest, code) for code in codes)
    reason = refusal(HEADER + rows + b"#control,rows=1,ZZZ=" + b"9" * 30)
    assert "rows 1 named, 17576 found; AAA none named" in reason
    assert reason.endswith("and 17574 more")
    assert len(reason) < LONGEST_REASON


def test_control_totals_are_of_rows_and_amounts_as_written_whatever_becomes_of_them() -> None:
    rows = b"a,-1.00,EUR\na,1.005,EUR\nb,abc,EUR\nc,1.00,euro\nd,1.00\n\xff\nx,7.00,ZZZ\n\n"
    assert plan(HEADER + rows + b"#control,rows=7,EUR=0.005,ZZZ=7").rows == 7


def test_control_totals_of_amounts_with_forty_digits_are_added_exactly() -> None:
    """Defect: Floats."""
    rows = b"a,999999999999999999.000000000000000001,EUR\n" * 1000
    total = b"999999999999999999000.000000000000001"
    assert plan(HEADER + rows + b"#control,rows=1000,EUR=" + total).rows == 1000
    assert "EUR" in refusal(HEADER + rows + b"#control,rows=1000,EUR=" + total + b"1")


@pytest.mark.parametrize("distance", [TAIL_BYTES - 200, TAIL_BYTES + 200])
def test_control_totals_are_never_taken_for_a_row_however_much_emptiness_follows(distance: int) -> None:
    content = TWO_ROWS + b"#control,rows=9,EUR=10.00,USD=5.50\n" + b"\n" * distance
    assert "rows 9 named" in refusal(content) or "line 4 holds control totals" in refusal(content)


def test_the_end_of_a_long_row_is_not_taken_for_control_totals() -> None:
    row = b"#control,".ljust(TAIL_BYTES, b"x")
    assert plan(HEADER + b"a" + row).rows == 1


@pytest.mark.parametrize(
    "row", [b"control,1.00,EUR", b"a#control,1.00,EUR", b"##control,1.00,EUR", b"#contro,1.00,EUR", b'"",#control,EUR']
)
def test_a_row_that_only_looks_like_control_totals_is_a_row(row: bytes) -> None:
    assert plan(TWO_ROWS + row).rows == 3


def test_a_file_that_holds_control_totals_alone_is_refused() -> None:
    assert "empty" in refusal(b"#control,rows=0")


def test_a_plan_reads_the_file_once_and_its_end_twice() -> None:
    """Defect: Batch. Ten million rows must not be read over and over."""
    files = FakeUploads()
    content = HEADER + b"a,1.00,EUR\n" * 100_000
    files.objects[SOURCE] = content
    plan_batch("batch-1", source=SOURCE, files=files, work=FakeWorkFiles())
    assert files.bytes_read[SOURCE.version] <= len(content) + TAIL_BYTES
