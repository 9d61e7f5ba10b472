from __future__ import annotations

import pytest

from payments.domain.seen import Seen


def test_what_was_added_is_never_denied_and_what_was_not_is_hardly_ever_taken_for_known() -> None:
    seen = Seen(salt="a day")
    for number in range(0, 40_000, 2):
        seen.add(f"pay-{number} ch-{number}")
    known = [f"pay-{number} ch-{number}" in seen for number in range(40_000)]
    assert all(known[::2])
    assert not any(known[1::2])


def test_it_grows_by_nothing() -> None:
    seen = Seen(salt="a day")
    before = len(seen._bits)  # noqa: SLF001 - nothing else of it could grow
    for number in range(10_000):
        seen.add(str(number))
    assert len(seen._bits) == before  # noqa: SLF001


def test_two_salts_err_at_different_texts() -> None:
    one, other = Seen(salt="monday"), Seen(salt="tuesday")
    assert set(one._positions("pay-1 ch-1")) != set(other._positions("pay-1 ch-1"))  # noqa: SLF001 - errors are too rare to be met


@pytest.mark.parametrize("text", ["", "\ud800", "päy 💶"])
def test_it_takes_whatever_others_write(text: str) -> None:
    seen = Seen(salt="a day")
    assert text not in seen
    seen.add(text)
    assert text in seen
