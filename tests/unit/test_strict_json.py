from __future__ import annotations

import json
from contextlib import suppress
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from payments.domain.errors import BodyTooLong, RequestRefused
from payments.domain.strict_json import MAX_BODY_BYTES, read_json


@pytest.mark.parametrize("text", ["10", "10.00", "0.1", "99.99", "1e2", "123456789012345678901234567890.123456789"])
def test_a_number_is_read_digit_for_digit(text: str) -> None:
    """Defect: Floats."""
    number = read_json(f'{{"amount": {text}}}')
    assert number == {"amount": Decimal(text)}
    assert isinstance(number, dict)
    assert str(number["amount"]) == str(Decimal(text))


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"", "empty"),
        (b" \n", "empty"),
        (b"{", "not JSON: line 1, column 2"),
        (b"{'a': 1}", "not JSON"),
        (b'{"a": 1} {}', "not JSON"),
        (b'{"a": 01}', "not JSON"),
        (b'{"a": "\n"}', "not JSON"),
        (b"\xef\xbb\xbf{}", "not JSON"),
        (b'{"a": "\xff"}', "not UTF-8"),
        (b'{"a": "\xed\xa0\x80"}', "not UTF-8"),
        ('{"a": "\ud800"}', "not UTF-8"),
        (b"[" * 60_000, "deeply"),
        (b'{"a":' * 12_000, "deeply"),
    ],
)
def test_a_body_that_is_no_acceptable_json_is_refused_as_a_whole(body: bytes | str, says: str) -> None:
    with pytest.raises(RequestRefused, match=says) as refusal:
        read_json(body)
    assert [violation.pointer for violation in refusal.value.violations] == [""]


@pytest.mark.parametrize(
    ("body", "pointers", "says"),
    [
        (b'{"a": NaN}', ["/a"], "NaN"),
        (b'{"a": Infinity}', ["/a"], "Infinity"),
        (b'{"a": -Infinity}', ["/a"], "Infinity"),
        (b'{"a": [1, {"b": NaN}], "c": NaN}', ["/c", "/a/1/b"], "NaN"),
        (b'{"a": 1, "a": 2}', ["/a"], "twice"),
        (b'{"a": {"b": 1, "\\u0062": 2}}', ["/a/b"], "twice"),
        (b'{"a": {"4111111111111111": 1, "4111111111111111": 2}}', ["/a"], "a name that appears twice"),
        (b'{"a": ' + b"9" * 65 + b"}", ["/a"], "64 characters"),
        (b'{"a": 1e99999999999999999999}', ["/a"], "out of range"),
        (b'{"a": ' + b"[" * 17 + b"]" * 17 + b"}", ["/a/0/0/0/0"], "deeply"),
        (b'{"4111111111111111": NaN}', [""], "NaN"),
        (b'{"a/b": NaN}', [""], "NaN"),
    ],
)
def test_what_two_parsers_could_read_differently_is_refused_and_pointed_to(
    body: bytes, pointers: list[str], says: str
) -> None:
    with pytest.raises(RequestRefused, match=says) as refusal:
        read_json(body)
    assert [violation.pointer for violation in refusal.value.violations] == pointers


@pytest.mark.parametrize(
    "body", [b'"' + b"a" * MAX_BODY_BYTES + b'"', '"' + "\u00e9" * (MAX_BODY_BYTES // 2) + '"', b"[" * 10**7]
)
def test_a_body_that_is_too_long_is_refused_unread(body: bytes | str) -> None:
    with pytest.raises(BodyTooLong, match="longer than 65536 bytes"):
        read_json(body)


def test_a_body_of_the_largest_size_is_read() -> None:
    body = b'"' + b"a" * (MAX_BODY_BYTES - 2) + b'"'
    assert read_json(body) == body.decode()[1:-1]


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(), lambda inner: st.lists(inner)
                    | st.dictionaries(st.text(), inner), max_leaves=8))  # fmt: skip
def test_whatever_json_can_say_is_read_as_python_reads_it(value: object) -> None:
    text = json.dumps(value)
    try:
        assert read_json(text) == value
    except RequestRefused as refusal:
        # Only numbers that no amount needs are beyond it.
        assert "64 characters" in str(refusal)  # noqa: PT017 - a refusal is one of two right answers


@given(st.binary(max_size=200) | st.text(max_size=200))
def test_any_body_is_read_or_refused_and_never_crashes_the_reader(body: bytes | str) -> None:
    """Defect: Floats. What crashes a reader is answered with a 500."""
    with suppress(RequestRefused):
        read_json(body)
