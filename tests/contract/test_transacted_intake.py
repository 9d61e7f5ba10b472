"""What only DynamoDB can get wrong when many payments are added: transactions, lost answers, conflicts, throttling."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from local_aws.waiting import wait_for
from payments.adapters import aws
from payments.adapters.dynamodb.payment_intake import TransactedIntake
from payments.adapters.dynamodb.payment_item import to_item
from payments.adapters.dynamodb.payments_table import PaymentsTable
from tests.contract.faults import asked, failing, lose_next_answer
from tests.contract.test_payment_intake import KEY_RECORD
from tests.samples import ANOTHER, accepted

if TYPE_CHECKING:
    from payments.domain.payment import Payment
    from tests.contract.services import Services


@pytest.fixture
def table(services: Services) -> str:
    return services.payments_table()


@pytest.fixture
def intake(services: Services, table: str) -> TransactedIntake:
    return TransactedIntake(services.dynamodb, table)


def rows(count: int) -> list[Payment]:
    return [accepted(f"row-{number}", batch_id="batch-1", batch_line=number + 2) for number in range(count)]


def cancelled(*reasons: str) -> dict[str, Any]:
    """Return a cancellation with a reason for each write."""
    return {"Code": "TransactionCanceledException", "CancellationReasons": [{"Code": reason} for reason in reasons]}


def test_a_request_carries_a_hundred_payments(services: Services, intake: TransactedIntake) -> None:
    with asked(services.dynamodb, "TransactWriteItems") as requests:
        list(intake.create_all(rows(250)))
    assert sorted(len(request["TransactItems"]) for request in requests) == [50, 100, 100]


def test_an_item_is_the_one_the_api_would_have_written(
    services: Services, intake: TransactedIntake, table: str
) -> None:
    (payment,) = rows(1)
    list(intake.create_all([payment]))
    assert services.dynamodb.scan(TableName=table)["Items"] == [to_item(payment)]


def test_what_is_there_costs_one_more_request_however_much_it_is(services: Services, intake: TransactedIntake) -> None:
    there = [accepted(f"row-{number}", owner_token=ANOTHER) for number in range(0, 100, 2)]
    list(intake.create_all(there))
    with asked(services.dynamodb, "TransactWriteItems") as requests:
        assert list(intake.create_all(rows(100)))[::2] == there
    assert [len(request["TransactItems"]) for request in requests] == [100, 50]


def test_rows_whose_answer_was_lost_are_entered(services: Services, intake: TransactedIntake) -> None:
    """Defect: Records lost quietly: only what is proven a duplicate is one."""
    lose_next_answer(services.dynamodb)
    assert list(intake.create_all(rows(3))) == rows(3)


def test_a_transaction_that_meets_another_or_a_busy_table_is_made_again(
    services: Services, intake: TransactedIntake
) -> None:
    for reason in ("TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"):
        with failing(services.dynamodb, "TransactWriteItems", times=3, **cancelled("None", reason)):
            assert list(intake.create_all(rows(2))) == rows(2)


def test_a_table_that_stays_busy_for_a_minute_is_waited_for(services: Services, intake: TransactedIntake) -> None:
    """Reading the range again instead would pay again for each row it has entered, and might never end."""
    with failing(services.dynamodb, "TransactWriteItems", times=40, **cancelled("None", "ThrottlingError")):
        assert list(intake.create_all(rows(2))) == rows(2)


def test_a_table_that_turns_the_whole_request_away_is_waited_for_too(
    services: Services, intake: TransactedIntake
) -> None:
    for code in (
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "ThrottlingException",
        "TransactionInProgressException",
    ):
        with failing(services.dynamodb, "TransactWriteItems", times=8, Code=code):
            assert list(intake.create_all(rows(2))) == rows(2)


def test_a_table_that_is_busy_is_asked_for_half_as_much_at_once_until_it_is_not(
    services: Services, intake: TransactedIntake
) -> None:
    """A file that takes all a table has would leave nothing for the API."""
    lanes = intake._lanes  # noqa: SLF001 - what is on its way at once is seen nowhere else
    widest = lanes.open
    first, *others = ([row] for row in rows(40))
    with failing(services.dynamodb, "TransactWriteItems", times=1, **cancelled("None", "ThrottlingError")):
        list(intake.create_all(first))
    assert lanes.open == widest // 2
    with failing(services.dynamodb, "TransactWriteItems", times=20, **cancelled("None", "TransactionConflict")):
        for row in others:
            list(intake.create_all(row))
    assert lanes.open > widest // 2


def test_an_id_whose_key_record_changed_just_now_is_looked_at_again(
    services: Services, intake: TransactedIntake, table: str
) -> None:
    PaymentsTable(services.dynamodb, table).create(accepted(), key_record=KEY_RECORD)
    taken = replace(rows(1)[0], payment_id=KEY_RECORD.record_id)
    with failing(services.dynamodb, "PutItem", times=1, Code="ConditionalCheckFailedException"):
        assert list(intake.create_all([taken])) == [None]


def test_rows_of_a_cancelled_transaction_that_names_nothing_it_met_are_not_told_to_be_entered(
    services: Services, intake: TransactedIntake
) -> None:
    """Defect: Records lost quietly."""
    with (
        failing(services.dynamodb, "TransactWriteItems", times=1, **cancelled("None", "ConditionalCheckFailed")),
        pytest.raises(ClientError, match="TransactionCanceledException"),
    ):
        list(intake.create_all(rows(2)))


def test_a_row_that_is_there_and_a_row_that_another_writes_just_now_are_both_told_apart(
    services: Services, intake: TransactedIntake
) -> None:
    there = accepted("row-0", owner_token=ANOTHER)
    mixed = cancelled("ConditionalCheckFailed", "TransactionConflict")
    mixed["CancellationReasons"][0]["Item"] = to_item(there)
    with failing(services.dynamodb, "TransactWriteItems", times=60, **mixed):
        assert list(intake.create_all(rows(2))) == [there, rows(2)[1]]


def test_what_does_not_pass_is_raised_and_nothing_is_told_to_be_entered(
    services: Services, intake: TransactedIntake
) -> None:
    with (
        failing(services.dynamodb, "TransactWriteItems", times=200, **cancelled("None", "TransactionConflict")),
        pytest.raises(ClientError, match="TransactionCanceledException"),
    ):
        list(intake.create_all(rows(2)))
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        list(TransactedIntake(services.dynamodb, "no-such-table").create_all(rows(2)))


def test_payments_are_added_while_the_caller_prepares_the_next(
    services: Services, intake: TransactedIntake, table: str
) -> None:
    told = intake.create_all(rows(3))
    assert wait_for(lambda: services.dynamodb.scan(TableName=table)["Count"] == len(rows(3)) or None, seconds=10)
    assert list(told) == rows(3)


def test_where_one_request_fails_those_that_have_not_begun_are_not_made(services: Services) -> None:
    """Their range is read again, and they would only stand in its way."""
    intake = TransactedIntake(services.dynamodb, "no-such-table")
    with asked(services.dynamodb, "TransactWriteItems") as requests:
        chunks = [intake.create_all(rows(4_000)) for _ in range(2)]
        with pytest.raises(ClientError, match="ResourceNotFoundException"):
            list(chunks[0])
    assert len(requests) < 40


def test_the_client_for_many_is_more_patient_than_one_for_whom_somebody_waits(services: Services, table: str) -> None:
    client: Any = aws.dynamodb_for_many()
    other: Any = services.dynamodb
    assert client.meta.config.read_timeout > other.meta.config.read_timeout
    assert list(TransactedIntake(client, table).create_all(rows(3))) == rows(3)
