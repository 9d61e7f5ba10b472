"""What only DynamoDB can get wrong: the item's shape, lost answers, conflicts, throttling, tokens of other listings."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from decimal import Decimal
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from payments.adapters.dynamodb.payment_item import MOVED_BY_TRANSITIONS, from_item, payment_in, to_item
from payments.adapters.dynamodb.payments_table import PaymentsTable
from payments.domain.errors import PaymentIdTaken, RequestRefused, StoreBusy, VersionConflict
from payments.domain.identifiers import payment_id_from_key, shard_of
from payments.domain.payment import Status
from payments.ports import KeyRecord
from tests.contract.faults import asked, failing, lose_next_answer, reading_at_most
from tests.samples import ANOTHER, MINUTE, START, WAIT, accepted, awaiting_approval, claimed, granted, rich, settled

if TYPE_CHECKING:
    from tests.contract.services import Services

KEY_RECORD = KeyRecord(record_id=payment_id_from_key("key-1"), request_hash="hash-1", expires_at=START + 60 * MINUTE)

CANCELLED_BY_A_CONFLICT = {
    "Code": "TransactionCanceledException",
    "CancellationReasons": [{"Code": "None"}, {"Code": "TransactionConflict"}],
}


@pytest.fixture
def table(services: Services) -> str:
    return services.payments_table()


@pytest.fixture
def store(services: Services, table: str) -> PaymentsTable:
    return PaymentsTable(services.dynamodb, table)


def stored(services: Services, table: str, payment_id: str = "pay-1") -> dict[str, Any]:
    return dict(services.dynamodb.get_item(TableName=table, Key={"payment_id": {"S": payment_id}})["Item"])


def test_an_item_and_its_payment_are_each_other() -> None:
    for payment in (accepted(), claimed(accepted()), rich(), awaiting_approval(), awaiting_approval(task_token=WAIT)):
        assert from_item(to_item(payment)) == payment


def test_an_amount_stays_exact_to_the_last_digit(store: PaymentsTable) -> None:
    """Defect: Floats."""
    amount = Decimal("123456789012345.6789")
    store.create(accepted(amount=amount, currency="CLF"))
    assert store.get("pay-1").amount == amount


@pytest.mark.parametrize(
    ("amount", "currency", "number"),
    [("12.50", "EUR", "12.5"), ("100.00", "EUR", "100"), ("5000000", "JPY", "5000000"), ("0.001", "KWD", "0.001")],
)
def test_an_amount_is_written_as_dynamodb_keeps_it_and_read_with_its_currencys_decimals(
    amount: str, currency: str, number: str
) -> None:
    """Defect: Floats."""
    item = to_item(accepted(amount=Decimal(amount), currency=currency))
    assert item["amount"] == {"N": number}
    assert str(from_item(item).amount) == amount


def test_no_float_is_in_an_item() -> None:
    """Defect: Floats."""
    assert "." not in json.dumps(to_item(rich())["history"]).replace(".123Z", "")


def test_an_open_payment_is_in_the_open_index_and_a_settled_one_is_not(
    services: Services, store: PaymentsTable, table: str
) -> None:
    store.create(accepted())
    store.advance(claimed(accepted()))
    item = stored(services, table)
    assert item["open_shard"] == {"S": shard_of("pay-1")}
    assert item["due_at"] == {"S": "2026-11-22T03:38:42.123Z"}
    store.advance(settled(claimed(accepted()), Status.NEEDS_REVIEW))
    assert not {"open_shard", "due_at"} & stored(services, table).keys()


def test_attributes_no_version_of_this_package_knows_survive_a_transition(
    services: Services, store: PaymentsTable, table: str
) -> None:
    services.dynamodb.put_item(TableName=table, Item={**to_item(accepted()), "note": {"S": "of a newer version"}})
    store.advance(claimed(accepted()))
    assert stored(services, table)["note"] == {"S": "of a newer version"}


def test_a_transition_names_every_attribute_that_can_change() -> None:
    first = replace(awaiting_approval(), batch_id="batch-1", batch_line=2)
    mine = claimed(granted(first))
    steps = [first, granted(first), mine, settled(mine, failure_code="code")]
    items = [to_item(step) for step in steps]
    changed = {
        name
        for before, after in pairwise(items)
        for name in before.keys() | after.keys()
        if before.get(name) != after.get(name)
    }
    assert changed == {*MOVED_BY_TRANSITIONS, "history"}


def test_an_absent_customer_leaves_no_index_key_behind() -> None:
    assert "customer_id" not in to_item(accepted())


def test_the_days_partition_is_spread_over_eight_shards() -> None:
    """Defect: Indexes that can't answer."""
    shards = {to_item(accepted(f"pay-{number}"))["created_shard"]["S"] for number in range(200)}
    assert shards == {f"2026-11-22#0{number}" for number in range(8)}


def test_a_creation_whose_answer_was_lost_is_a_creation(services: Services, store: PaymentsTable) -> None:
    """Defect: Records lost quietly: only what is proven a duplicate is one."""
    lose_next_answer(services.dynamodb)
    assert store.create(accepted()) == accepted()
    assert store.get("pay-1") == accepted()


def test_a_creation_with_a_key_whose_answer_was_lost_is_a_creation(services: Services, store: PaymentsTable) -> None:
    lose_next_answer(services.dynamodb)
    assert store.create(accepted(), key_record=KEY_RECORD) == accepted()


def test_a_transition_whose_answer_was_lost_is_a_transition_made_once(services: Services, store: PaymentsTable) -> None:
    store.create(accepted())
    lose_next_answer(services.dynamodb)
    store.advance(claimed(accepted()))
    assert store.get("pay-1") == claimed(accepted())


def test_a_write_of_the_same_version_by_another_is_never_taken_for_our_own(
    services: Services, store: PaymentsTable
) -> None:
    store.create(accepted())
    store.advance(claimed(accepted(), owner_token=ANOTHER))
    lose_next_answer(services.dynamodb)
    with pytest.raises(VersionConflict):
        store.advance(claimed(accepted()))


def test_a_transaction_is_recognised_by_its_token_for_as_long_as_dynamodb_does(
    services: Services, store: PaymentsTable
) -> None:
    with asked(services.dynamodb, "TransactWriteItems") as requests:
        store.create(accepted(), key_record=KEY_RECORD)
        store.create(accepted(), key_record=KEY_RECORD)
    first, again = (request["ClientRequestToken"] for request in requests)
    assert first == again
    assert len(first) <= 36


def test_only_a_failed_condition_is_ever_taken_for_a_duplicate(services: Services) -> None:
    """Defect: Records lost quietly: any client error taken for "duplicate"."""
    nowhere = PaymentsTable(services.dynamodb, "no-such-table")
    for write in (
        lambda: nowhere.create(accepted()),
        lambda: nowhere.create(accepted(), key_record=KEY_RECORD),
        lambda: nowhere.advance(claimed(accepted())),
    ):
        with pytest.raises(ClientError, match="ResourceNotFoundException"):
            write()


def test_a_write_that_meets_another_transaction_is_tried_again(services: Services, store: PaymentsTable) -> None:
    with failing(services.dynamodb, "TransactWriteItems", times=2, **CANCELLED_BY_A_CONFLICT):
        assert store.create(accepted(), key_record=KEY_RECORD) == accepted()
    with failing(services.dynamodb, "UpdateItem", times=2, Code="TransactionConflictException"):
        store.advance(claimed(accepted()))
    assert store.get("pay-1") == claimed(accepted())


@pytest.mark.parametrize("key_record", [None, KEY_RECORD])
@pytest.mark.parametrize(
    "error",
    [
        {"Code": "ThrottlingException"},
        {"Code": "ProvisionedThroughputExceededException"},
        {"Code": "RequestLimitExceeded"},
        {
            "Code": "TransactionCanceledException",
            "CancellationReasons": [{"Code": "None"}, {"Code": "ThrottlingError"}],
        },
    ],
)
def test_a_payment_waits_for_a_busy_table_and_is_told_to_come_again_when_it_stays_busy(
    services: Services, store: PaymentsTable, table: str, error: dict[str, Any], key_record: KeyRecord | None
) -> None:
    operation = "TransactWriteItems" if key_record else "PutItem"
    with failing(services.dynamodb, operation, times=4, **error):
        assert store.create(accepted(), key_record=key_record) == accepted()
    with failing(services.dynamodb, operation, times=100, **error), pytest.raises(StoreBusy):
        store.create(accepted("pay-2"), key_record=key_record and replace(key_record, record_id="key-2"))
    assert "Item" not in services.dynamodb.get_item(TableName=table, Key={"payment_id": {"S": "pay-2"}})


def test_a_conflict_that_lasts_is_raised(services: Services, store: PaymentsTable) -> None:
    with (
        failing(services.dynamodb, "TransactWriteItems", times=50, **CANCELLED_BY_A_CONFLICT),
        pytest.raises(ClientError, match="TransactionCanceledException"),
    ):
        store.create(accepted(), key_record=KEY_RECORD)


def test_a_listing_reads_again_what_a_busy_table_left_out(services: Services, store: PaymentsTable) -> None:
    """Defect: Records lost quietly."""
    ids = [f"pay-{number}" for number in range(5)]
    for number, payment_id in enumerate(ids):
        store.create(accepted(payment_id, customer_id="cust-1", at=START + number * MINUTE))
    with reading_at_most(services.dynamodb, 2):
        page = store.list_of_customer("cust-1", limit=10, next_token=None)
    assert [payment.payment_id for payment in page.items] == ids[::-1]


def test_a_listing_that_stays_incomplete_is_an_error_and_not_a_shorter_list(
    services: Services, store: PaymentsTable
) -> None:
    """Defect: Records lost quietly."""
    store.create(accepted(customer_id="cust-1"))
    with reading_at_most(services.dynamodb, 0), pytest.raises(StoreBusy, match="throttled"):
        store.list_of_customer("cust-1", limit=10, next_token=None)


def test_a_days_listing_is_eight_queries_and_one_read_however_many_payments(
    services: Services, store: PaymentsTable
) -> None:
    """Defect: Indexes that can't answer."""
    for number in range(30):
        store.create(accepted(f"pay-{number}", at=START + number * MINUTE))
    with asked(services.dynamodb, "Query") as queries, asked(services.dynamodb, "BatchGetItem") as reads:
        store.list_created_on(START.date(), limit=20, next_token=None)
    assert [query["IndexName"] for query in queries] == ["by-day"] * 8
    assert len(reads) == 1


def test_a_token_continues_only_the_listing_it_was_issued_for(store: PaymentsTable) -> None:
    for number in range(3):
        store.create(accepted(f"pay-{number}", customer_id="cust-1", at=START + number * MINUTE))
    token = store.list_of_customer("cust-1", limit=1, next_token=None).next_token
    with pytest.raises(RequestRefused):
        store.list_of_customer("cust-2", limit=1, next_token=token)
    with pytest.raises(RequestRefused):
        store.list_created_on(START.date(), limit=1, next_token=token)


@pytest.mark.parametrize(
    "content",
    [
        '["by-customer", {"cust-1": ["yesterday", "pay-1"]}]',
        '["by-customer", {"cust-1": ["2026-11-22T03:36:42.123", "pay-1"]}]',
        '["by-customer", {"cust-1": ["2026-11-22T03:36:42.123Z", ""]}]',
        '["by-customer", {"cust-1": ["2026-11-22T03:36:42.123Z", 1]}]',
        '["by-customer", {"cust-1": [20261122, "pay-1"]}]',
        '["by-customer", {"cust-1": ["2026-11-22T03:36:42.123Z"]}]',
        '["by-customer", ["cust-1"]]',
        "[" * 3000,
    ],
)
def test_a_tampered_token_is_refused_and_never_reaches_dynamodb(store: PaymentsTable, content: str) -> None:
    token = base64.urlsafe_b64encode(content.encode()).decode()
    with pytest.raises(RequestRefused):
        store.list_of_customer("cust-1", limit=1, next_token=token)


def test_the_image_of_anything_but_a_payment_holds_none() -> None:
    assert payment_in(None) is None
    assert payment_in({"payment_id": {"S": "pay-1"}, "request_hash": {"S": "hash"}}) is None
    assert payment_in(to_item(rich())) == rich()


def test_a_replayed_request_is_answered_again_without_a_second_write(
    services: Services, store: PaymentsTable, table: str
) -> None:
    store.create(accepted(), key_record=KEY_RECORD)
    before = services.dynamodb.scan(TableName=table)["Items"]
    store.create(accepted(owner_token=ANOTHER), key_record=KEY_RECORD)
    with pytest.raises(PaymentIdTaken):
        store.create(accepted(owner_token=ANOTHER, request_hash="hash-2"))
    assert services.dynamodb.scan(TableName=table)["Items"] == before
