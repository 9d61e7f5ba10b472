"""Files to try the batch workflow with."""

from __future__ import annotations

import csv
import io
from decimal import Decimal

import pytest

from local_aws.batch_writer import BAD_ROWS, HEADER, Written, write_batch


def written(**options: object) -> tuple[list[bytes], Written]:
    file = io.BytesIO()
    what = write_batch(file, **options)  # type: ignore[arg-type]
    return file.getvalue().splitlines()[1:], what


def test_a_file_has_exactly_the_rows_asked_for() -> None:
    for rows in (0, 1, 250):
        lines, what = written(rows=rows, bad_percent=10)
        assert len(lines) == what.rows == rows


def test_the_same_seed_writes_the_same_bytes_and_another_seed_does_not() -> None:
    first, again, other = (written(rows=200, bad_percent=20, seed=seed)[0] for seed in (1, 1, 2))
    assert first == again
    assert first != other


@pytest.mark.parametrize(("percent", "bad"), [(0, 0), (5, 50), (100, 999)])
def test_the_share_of_bad_rows_is_as_asked_for_and_the_first_row_is_good(percent: float, bad: int) -> None:
    assert written(rows=1000, bad_percent=percent)[1].bad == bad


def test_a_file_with_enough_bad_rows_has_every_kind() -> None:
    lines, what = written(rows=10 * len(BAD_ROWS), bad_percent=10)
    assert what.bad == len(BAD_ROWS)
    assert any(len(line) > 16 * 1024 for line in lines)
    assert any(b"\xff" in line for line in lines)


def test_the_totals_are_those_of_the_good_rows() -> None:
    lines, what = written(rows=300)
    rows = csv.DictReader([HEADER, *(line.decode() for line in lines)])
    totals: dict[str, Decimal] = {}
    for row in rows:
        totals[row["currency"]] = totals.get(row["currency"], Decimal(0)) + Decimal(row["amount"])
    assert totals == what.totals
