"""What the steps of a batch leave for each other, in memory and in S3."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING

import pytest

from payments.adapters.s3.work_files import S3WorkFiles
from payments.domain.batch import RowCounts
from payments.domain.errors import OutcomeMissing
from tests.batch_fakes import FakeWorkFiles

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from payments.ports import WorkFiles
    from tests.contract.services import Services

HEADER = "line,payment_id,field,reason\n"
COUNTS = RowCounts(received=3, accepted=2, rejected=1, totals={"EUR": Decimal("30.00"), "JPY": Decimal(5)})


@dataclass(frozen=True)
class Bucket:
    files: WorkFiles
    report: Callable[[str], str]


@pytest.fixture(params=["in memory", "S3"])
def bucket(request: pytest.FixtureRequest, services: Services) -> Bucket:
    if request.param == "in memory":
        fake = FakeWorkFiles()
        return Bucket(fake, fake.reports.__getitem__)
    name = services.bucket()
    return Bucket(S3WorkFiles(services.s3, name), partial(services.text_in, name))


@pytest.fixture
def files(bucket: Bucket) -> WorkFiles:
    return bucket.files


def lines(count: int) -> Iterator[str]:
    for number in range(count):
        yield f"{number + 2},,amount,must be greater than zero\n"


def test_what_came_of_each_range_is_read_back_in_order(files: WorkFiles) -> None:
    outcomes = [RowCounts(received=number, accepted=number) for number in range(150)] + [COUNTS]
    for number, counts in reversed(list(enumerate(outcomes))):
        files.write_outcome("batch-1", number, counts)
    assert list(files.outcomes("batch-1", len(outcomes))) == outcomes


def test_a_total_keeps_its_decimals(files: WorkFiles) -> None:
    """Defect: Floats."""
    files.write_outcome("batch-1", 0, COUNTS)
    (counts,) = files.outcomes("batch-1", 1)
    assert {currency: str(total) for currency, total in counts.totals.items()} == {"EUR": "30.00", "JPY": "5"}


def test_a_range_that_was_not_read_to_its_end_is_missed(files: WorkFiles) -> None:
    """Defect: Records lost quietly."""
    for number in (0, 2):
        files.write_outcome("batch-1", number, COUNTS)
    with pytest.raises(OutcomeMissing):
        list(files.outcomes("batch-1", 3))


def test_the_report_joins_the_lines_of_all_ranges_in_order_under_one_header(files: WorkFiles, bucket: Bucket) -> None:
    files.write_rejected("batch-1", 2, ["9,,amount,ü\n"])
    files.write_rejected("batch-1", 0, lines(2))
    files.write_rejected("batch-1", 1, [])
    key = files.write_report("batch-1", header=HEADER, ranges=3)
    assert key == "rejected/batch-1.csv"
    assert bucket.report(key) == HEADER + "".join(lines(2)) + "9,,amount,ü\n"


def test_everything_can_be_written_again(files: WorkFiles, bucket: Bucket) -> None:
    for _ in range(2):
        files.write_rejected("batch-1", 0, lines(3))
        files.write_outcome("batch-1", 0, COUNTS)
        key = files.write_report("batch-1", header=HEADER, ranges=1)
    assert bucket.report(key) == HEADER + "".join(lines(3))
    assert list(files.outcomes("batch-1", 1)) == [COUNTS]


def test_batches_do_not_see_each_others_files(files: WorkFiles) -> None:
    files.write_outcome("batch-1", 0, COUNTS)
    with pytest.raises(OutcomeMissing):
        list(files.outcomes("batch-2", 1))
