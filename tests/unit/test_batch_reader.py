"""Lines, fields and rows: what becomes of each kind of bytes."""

from __future__ import annotations

import csv
import io
import tracemalloc
from contextlib import suppress
from itertools import repeat
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from payments.domain.batch_failure import LONGEST_REASON
from payments.domain.batch_file import (
    LONGEST_LINE_BYTES,
    LineUnreadable,
    columns_in,
    fields_in,
    lines_in,
    refuse_open_quotes,
)
from payments.domain.batch_rows import GoodRow, Rejection, rows_in
from payments.domain.errors import BatchRefused, RequestRefused, Violation
from payments.domain.request import PaymentRequest, checked_request

if TYPE_CHECKING:
    from collections.abc import Iterator

COLUMNS = ("payment_id", "amount", "currency", "customer_id", "description")


values = st.one_of(
    st.text(st.characters(exclude_characters="\r\n\0", exclude_categories=["Cs"]), min_size=1),
    st.sampled_from(["order-1", "12.34", "10", "0", "1.005", "EUR", "JPY", "eur", "4111 1111 1111 1111"]),
)


def cut(content: bytes, size: int) -> Iterator[bytes]:
    return (content[start : start + size] for start in range(0, len(content), size))


def rows(content: bytes, *, columns: tuple[str, ...] = COLUMNS, first_line: int = 2) -> list[GoodRow | Rejection]:
    return list(rows_in(lines_in([content]), columns=columns, first_line=first_line))


def row(line: bytes) -> GoodRow | Rejection:
    (only,) = rows(line)
    return only


def reason(line: bytes) -> tuple[str, str]:
    """Return the fields and the reasons for which ``line`` is rejected."""
    rejection = row(line)
    assert isinstance(rejection, Rejection)
    return (
        " ".join(violation.pointer for violation in rejection.violations),
        " ".join(violation.detail for violation in rejection.violations),
    )


@given(content=st.binary(max_size=400).map(lambda raw: raw.replace(b"\x01", b"\n")), size=st.integers(1, 50))
def test_lines_are_the_same_however_the_bytes_arrive(content: bytes, size: int) -> None:
    whole = content.split(b"\n")
    expected = [*whole[:-1], *([whole[-1]] if whole[-1] else [])]
    read = list(lines_in(cut(content, size)))
    assert [line for line, _ in read] == expected
    assert sum(length for _, length in read) == len(content)


@pytest.mark.parametrize("size", [1000, LONGEST_LINE_BYTES, 1 << 20])
def test_of_a_line_that_is_too_long_only_the_beginning_is_kept_and_its_length_is_still_known(size: int) -> None:
    """Defect: Batch. Memory must not grow with what a file holds."""
    long = b"x" * (5 * LONGEST_LINE_BYTES)
    (kept, length), (after, _) = lines_in(cut(long + b"\nafter", size))
    assert LONGEST_LINE_BYTES < len(kept) <= LONGEST_LINE_BYTES + 2
    assert (length, after) == (len(long) + 1, b"after")


def test_a_line_without_an_end_takes_no_more_memory_than_a_long_one() -> None:
    """Defect: Batch."""
    piece = b"x" * LONGEST_LINE_BYTES
    tracemalloc.start()
    ((_, length),) = lines_in(repeat(piece, 1000))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert length == 1000 * LONGEST_LINE_BYTES
    assert peak < 10 * LONGEST_LINE_BYTES


@pytest.mark.parametrize("ending", [b"", b"\r"])
def test_the_longest_line_is_read_and_one_byte_more_is_not(ending: bytes) -> None:
    assert fields_in(b"x" * LONGEST_LINE_BYTES + ending) == ["x" * LONGEST_LINE_BYTES]
    with pytest.raises(LineUnreadable, match="longer than 16384 bytes"):
        fields_in(b"x" * (LONGEST_LINE_BYTES + 1) + ending)


def test_a_line_that_is_cut_right_after_a_carriage_return_is_still_too_long() -> None:
    line = b"x" * LONGEST_LINE_BYTES + b"\r" + b"x" * 100
    ((kept, _),) = lines_in([line])
    with pytest.raises(LineUnreadable, match="longer than"):
        fields_in(kept)


@given(st.lists(st.text(st.characters(exclude_characters="\r\n", exclude_categories=["Cs"])), min_size=1, max_size=6))
def test_fields_are_read_as_they_were_written(fields: list[str]) -> None:
    written = io.StringIO()
    csv.writer(written, lineterminator="", quoting=csv.QUOTE_ALL).writerow(fields)
    assert fields_in(written.getvalue().encode()) == fields


@given(st.binary(max_size=200).filter(lambda raw: b"\n" not in raw))
def test_any_line_is_read_or_unreadable(line: bytes) -> None:
    with suppress(LineUnreadable):
        assert all(isinstance(field, str) for field in fields_in(line))


@pytest.mark.parametrize(
    ("line", "fields"),
    [
        (b"a,b", ["a", "b"]),
        (b"a,b\r", ["a", "b"]),
        (b"a,,", ["a", "", ""]),
        (b'"a,b",c', ["a,b", "c"]),
        (b'"say ""hi""",c', ['say "hi"', "c"]),
        (b'5" pipe,c', ['5" pipe', "c"]),
        (b" a , b ", [" a ", " b "]),
        ("é,\u2028\x0b\x85".encode(), ["é", "\u2028\x0b\x85"]),
    ],
)
def test_fields_are_parted_by_commas_and_quoted_where_they_need_to_be(line: bytes, fields: list[str]) -> None:
    assert fields_in(line) == fields


@pytest.mark.parametrize(
    ("line", "detail"),
    [
        (b'"open,b', "quotes that are not closed"),
        (b'"a"b,c', "quotes that are not closed, or text after"),
        (b"a\rb,c", "carriage return"),
        (b"a,b\r\r", "carriage return"),
        (b'"a\rb",c', "carriage return"),
        (b"a,\xff", "not UTF-8"),
        (b"a,\xed\xa0\x80", "not UTF-8"),
    ],
)
def test_a_line_that_is_no_row_is_unreadable(line: bytes, detail: str) -> None:
    with pytest.raises(LineUnreadable, match=detail):
        fields_in(line)


def test_a_row_is_held_to_the_rules_of_the_api_and_an_empty_value_is_an_absent_one() -> None:
    good = row(b"order-1,12.34,,,\r\n")
    assert isinstance(good, GoodRow)
    assert good.request == checked_request({"payment_id": "order-1", "amount": "12.34"})


@given(st.dictionaries(st.sampled_from(COLUMNS), values))
def test_a_row_says_what_the_api_would_say(body: dict[str, str]) -> None:
    """Defect: Floats. One set of rules."""
    written = io.StringIO()
    csv.writer(written, lineterminator="").writerow([body.get(name, "") for name in COLUMNS])
    found = row(written.getvalue().encode())
    said = found.request if isinstance(found, GoodRow) else tuple(found.violations)
    assert said == answer_of_the_api(body)


def answer_of_the_api(body: dict[str, str]) -> PaymentRequest | tuple[Violation, ...]:
    try:
        return checked_request(body)
    except RequestRefused as refused:
        return refused.violations


def test_columns_may_come_in_any_order() -> None:
    (good,) = rows(b"EUR,a note,1.00,order-1\n", columns=("currency", "description", "amount", "payment_id"))
    assert isinstance(good, GoodRow)
    assert good.request == checked_request(
        {"payment_id": "order-1", "amount": "1.00", "currency": "EUR", "description": "a note"}
    )


@pytest.mark.parametrize(
    ("line", "pointer", "detail"),
    [
        (b"order-1,1.00,EUR", "", "must have 5 fields, as the first line does, and has 3"),
        (b"order-1,1.00,EUR,,,", "", "must have 5 fields, as the first line does, and has 6"),
        (b"   ", "", "must have 5 fields, as the first line does, and has 1"),
        (b",,,,", "/amount", "is required"),
        (b"order-1,-5,EUR,,", "/amount", "must be a decimal"),
        (b"order-1, 5,EUR,,", "/amount", "must be a decimal"),
        (b"order-1,1.005,EUR,,", "/amount", "at most 2 decimals in EUR"),
        (b"order-1,1.00,eur,,", "/currency", "ISO 4217"),
        (b"order-1,1.00,EUR,,card 4111 1111 1111 1111", "/description", "card number"),
        (b"order-1,1.00,EUR,,\0", "/description", "control characters"),
        (b"no spaces,abc,EUR,,", "/payment_id /amount", "starting with a letter or digit must be a decimal"),
    ],
)
def test_a_bad_row_is_rejected_and_every_field_at_fault_is_named(line: bytes, pointer: str, detail: str) -> None:
    found_pointer, found_detail = reason(line)
    assert found_pointer == pointer
    assert detail in found_detail


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        (b"order-1,-1,EUR,,", "order-1"),
        (b"4111111111111111,-1,EUR,,", ""),
        (b"=HYPERLINK(1),-1,EUR,,", ""),
        (b",-1,EUR,,", ""),
        (b"order-1,1.00", ""),
    ],
)
def test_a_rejected_row_shows_its_payment_id_only_where_it_is_one(line: bytes, shown: str) -> None:
    rejection = row(line)
    assert isinstance(rejection, Rejection)
    assert rejection.payment_id == shown


def test_empty_lines_are_passed_by_and_still_counted_as_lines() -> None:
    read = rows(b"\n\r\norder-1,1.00,EUR,,\n\nbad\n\r\n", first_line=7)
    assert [(type(each), each.line) for each in read] == [(GoodRow, 9), (Rejection, 11)]


def judged(line: bytes) -> str:
    """Return what speaks against the quotes of ``line``."""
    try:
        refuse_open_quotes(line)
    except LineUnreadable as error:
        return str(error)
    return ""


@pytest.mark.parametrize(
    "line",
    [b'a,"b', b'"', b'a,"b""', b'a,"b"c,"d', b'a, "b', b'a,\t"b', b'"a,b\r', b'a,"b,c,d"",e', b'"a\rb'],
)
def test_a_line_that_ends_within_quotes_is_told(line: bytes) -> None:
    assert "opens a quote that it does not close" in judged(line)


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"a,b",
        b'""',
        b'a,"b"',
        b'a,"b,""c""",d',
        b'5" pipe,c',
        b'a,"b"c',
        b'a,"b"c"d',
        b'a,"b"\r',
        b',,"",',
        b'"a\rb",c',
    ],
)
def test_a_line_whose_quotes_close_is_not(line: bytes) -> None:
    assert judged(line) == ""


@given(
    fields=st.lists(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])), min_size=1, max_size=4),
    all_quoted=st.booleans(),
)
def test_no_value_that_a_csv_program_wrote_over_several_lines_passes(*, fields: list[str], all_quoted: bool) -> None:
    written = io.StringIO()
    csv.writer(written, lineterminator="\n", quoting=csv.QUOTE_ALL if all_quoted else csv.QUOTE_MINIMAL).writerow(
        fields
    )
    first, *more = written.getvalue().encode().removesuffix(b"\n").split(b"\n")
    assert bool(judged(first)) == bool(more)


@pytest.mark.parametrize("size", [1000, 1 << 20])
@pytest.mark.parametrize("beginning", [b"", b'"'])
def test_a_line_that_is_too_long_is_told_where_it_holds_a_quote_anywhere(size: int, beginning: bytes) -> None:
    long = b"x" * (3 * LONGEST_LINE_BYTES)
    for line in (beginning + long + b'"' + long, beginning + long + b'"'):
        ((kept, length),) = lines_in(cut(line, size))
        assert length == len(line)
        assert "longer than 16384 bytes and holds quotes" in judged(kept)
    ((kept, _),) = lines_in(cut(long, size))
    assert judged(kept) == ""


@given(st.binary(max_size=300))
def test_any_bytes_have_rows_that_are_good_or_rejected_and_every_line_that_is_not_empty_has_one(content: bytes) -> None:
    lines = [line for line in content.split(b"\n") if line not in {b"", b"\r"}]
    assert len(rows(content)) == len(lines)


@pytest.mark.parametrize(
    "header",
    [
        b"payment_id,amount,currency",
        b"payment_id,amount,currency\r",
        b"\xef\xbb\xbfpayment_id,amount,currency",
        b'"payment_id","amount",currency',
        b'\xef\xbb\xbf"payment_id",amount,currency',
    ],
)
def test_a_header_may_have_a_byte_order_mark_quotes_and_either_line_break(header: bytes) -> None:
    assert columns_in(header) == ("payment_id", "amount", "currency")


@pytest.mark.parametrize(
    ("header", "detail"),
    [
        (b"", "empty"),
        (b"\r", "empty"),
        (b"\xef\xbb\xbf", "empty"),
        (b"payment_id,amount", "missing currency"),
        (b"amount", "missing payment_id, currency"),
        (b"payment_id,amount,currency,colour,size", "unknown colour, size"),
        (b"payment_id,amount,currency,amount", "repeated amount"),
        (b"payment_id,amount,amount,colour", "unknown colour; missing currency; repeated amount"),
        (b"payment_id, amount,currency", "unknown column 2; missing amount"),
        (b"Payment_ID,amount,currency", "unknown Payment_ID; missing payment_id"),
        (b"payment_id,amount,currency,", "unknown column 4"),
        (b"payment_id;amount;currency", "parted by commas"),
        (b"payment_id;amount,currency", "unknown column 1; missing payment_id, amount"),
        (b"payment_id\tamount\tcurrency", "parted by commas"),
        ("payment_id,amount,currency".encode("utf-16"), "UTF-8"),
        ("payment_id,amount,currency".encode("utf-16-le"), "UTF-8"),
        ("payment_id,amount,currency".encode("utf-16-be"), "UTF-8"),
        ("payment_id,amount,currency".encode("utf-32"), "UTF-8"),
        (b"\x89PNG\r", "not UTF-8"),
        (b'{"payment_id": "x"}', "unknown"),
        (b"payment_id,amount,currency\rx,1,EUR\r", "carriage return"),
        (b'"payment_id,amount,currency', "quotes"),
        (b"x" * 20_000, "longer than"),
    ],
)
def test_a_header_that_is_not_right_refuses_the_file_and_says_why(header: bytes, detail: str) -> None:
    with pytest.raises(BatchRefused, match=detail):
        columns_in(header)


def test_a_file_without_a_header_does_not_have_its_first_row_told() -> None:
    with pytest.raises(BatchRefused) as refused:
        columns_in(b"4111111111111111,10.00,EUR,ada@example.org")
    assert "4111" not in str(refused.value)
    assert "ada" not in str(refused.value)


@pytest.mark.parametrize("name", [b"x4111111111111111", b"x-4111-1111-1111-1111"])
def test_a_column_that_holds_a_card_number_is_told_by_its_place(name: bytes) -> None:
    with pytest.raises(BatchRefused, match=r"unknown column 4$"):
        columns_in(b"payment_id,amount,currency," + name)


def test_a_header_of_hundreds_of_unknown_columns_is_refused_in_few_words() -> None:
    with pytest.raises(BatchRefused, match="and 295 more") as refused:
        columns_in(b",".join([b"amount,amount", *(b"c%d".ljust(39, b"x") % number for number in range(300))]))
    assert len(str(refused.value)) < LONGEST_REASON
