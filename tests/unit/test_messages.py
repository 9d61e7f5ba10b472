from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from payments.domain.errors import MessageNotUnderstood
from payments.domain.messages import decode_message, encode_message


def test_a_message_names_a_payment_and_its_schema_version_and_nothing_else() -> None:
    assert json.loads(encode_message("order-1")) == {"schema_version": 1, "payment_id": "order-1"}


def test_what_was_encoded_is_decoded() -> None:
    assert decode_message(encode_message("order-1")) == "order-1"


def test_fields_of_a_later_producer_are_left_alone() -> None:
    assert decode_message('{"schema_version": 1, "payment_id": "order-1", "trace": "x"}') == "order-1"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "order-1",
        "[]",
        "null",
        "{}",
        '{"payment_id": "order-1"}',
        '{"schema_version": 2, "payment_id": "order-1"}',
        '{"schema_version": "1", "payment_id": "order-1"}',
        '{"schema_version": true, "payment_id": "order-1"}',
        '{"schema_version": 1.0, "payment_id": "order-1"}',
        '{"schema_version": 1}',
        '{"schema_version": 1, "payment_id": null}',
        '{"schema_version": 1, "payment_id": ""}',
        '{"schema_version": 1, "payment_id": "a b"}',
        "[" * 60_000,
    ],
)
def test_a_message_of_another_shape_is_not_understood(text: str) -> None:
    """Defect: Records lost quietly."""
    with pytest.raises(MessageNotUnderstood):
        decode_message(text)


@given(st.text())
def test_no_text_whatever_is_taken_for_a_message_or_crashes_the_reader(text: str) -> None:
    """Defect: Records lost quietly."""
    with pytest.raises(MessageNotUnderstood):
        decode_message(text)
