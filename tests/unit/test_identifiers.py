from __future__ import annotations

import uuid
from collections import Counter
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from payments.domain.errors import RequestRefused
from payments.domain.identifiers import (
    SHARDS,
    checked_idempotency_key,
    is_payment_id,
    payment_id_from_key,
    shard_of,
    uuid7,
)

MOMENT = datetime(2026, 11, 22, 3, 36, 42, 123000, tzinfo=UTC)
keys = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=1, max_size=255)


@given(keys)
def test_a_key_leads_to_the_same_valid_payment_id_every_time(key: str) -> None:
    """Defect: Blind and double writes."""
    payment_id = payment_id_from_key(checked_idempotency_key(key))
    assert payment_id == payment_id_from_key(key)
    assert is_payment_id(payment_id)
    assert (uuid.UUID(payment_id).version, uuid.UUID(payment_id).variant) == (8, uuid.RFC_4122)


def test_derived_ids_stay_the_same_from_release_to_release() -> None:
    """A retry may meet newer code than its first try: another id for the same key would charge twice."""
    assert payment_id_from_key("order-4711") == "3f24b93b-1fe5-844d-96e9-e29429efcd72"


@given(keys, keys)
def test_different_keys_lead_to_different_payments(one: str, other: str) -> None:
    assert (one == other) == (payment_id_from_key(one) == payment_id_from_key(other))


@pytest.mark.parametrize("header", ["", " ", "a b", "a\n", "é", "a" * 256, "\x00", "\x7f"])
def test_a_key_of_another_shape_is_refused(header: str) -> None:
    with pytest.raises(RequestRefused, match="Idempotency-Key"):
        checked_idempotency_key(header)


def test_a_key_that_holds_a_card_number_is_refused_and_not_repeated() -> None:
    """Defect: Open doors."""
    with pytest.raises(RequestRefused, match="Idempotency-Key: looks like it holds a card number") as refused:
        checked_idempotency_key("order-4111-1111-1111-1111")
    assert "1111" not in str(refused.value)


@given(st.datetimes(min_value=datetime(1970, 1, 1), max_value=datetime(9999, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
       st.binary(min_size=10, max_size=10))  # fmt: skip
def test_a_uuid7_has_its_version_and_shows_its_time(moment: datetime, randomness: bytes) -> None:
    drawn = uuid.UUID(uuid7(moment, randomness))
    assert (drawn.version, drawn.variant) == (7, uuid.RFC_4122)
    assert datetime.fromtimestamp((drawn.int >> 80) / 1000, UTC).replace(microsecond=0) == moment.replace(microsecond=0)


def test_the_example_of_rfc_9562_comes_out() -> None:
    """RFC 9562, appendix A.6: 2022-02-22T19:22:22.000Z, rand_a 0xCC3, rand_b 0x18C4DC0C0C07398F."""
    randomness = ((0xCC3 << 64) | 0x18C4DC0C0C07398F).to_bytes(10)
    moment = datetime(2022, 2, 22, 19, 22, 22, tzinfo=UTC)
    assert uuid7(moment, randomness) == "017f22e2-79b0-7cc3-98c4-dc0c0c07398f"


def test_later_uuids_sort_after_earlier_ones() -> None:
    assert uuid7(MOMENT, b"\xff" * 10) < uuid7(MOMENT.replace(microsecond=124000), bytes(10))


def test_randomness_of_another_size_is_refused() -> None:
    with pytest.raises(ValueError, match="10 random bytes"):
        uuid7(MOMENT, b"short")


def test_shards_spread_payments_evenly_and_for_good() -> None:
    """Defect: Indexes that can't answer."""
    counts = Counter(shard_of(uuid7(MOMENT, number.to_bytes(10))) for number in range(4000))
    assert set(counts) == set(SHARDS) == {f"0{number}" for number in range(8)}
    assert max(counts.values()) < 1.25 * min(counts.values())
    assert shard_of("order-4711") == "07"
