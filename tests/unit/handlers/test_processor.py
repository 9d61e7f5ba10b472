"""The processor, from a batch of messages to what became of the payments and the answer to the queue."""

from __future__ import annotations

import json
from datetime import timedelta
from threading import Barrier
from typing import TYPE_CHECKING, Any

import pytest
from aws_lambda_powertools.utilities.batch.exceptions import BatchProcessingError

from functions.processor import handler as processor
from functions.processor.handler import Ports
from payments.adapters.gateway_http import HttpGateway
from payments.adapters.gateway_simulator import SimulatorGateway
from payments.domain.errors import MessageNotUnderstood
from payments.domain.messages import encode_message
from payments.domain.payment import Status
from payments.runtime.variables import VariablesRefused
from payments.use_cases import Outcome
from tests.fakes import Act, FakeClock, FakeGateway, FakeMeasurements, FakeStore, FakeTokens
from tests.samples import START, accepted, as_requested
from tests.unit.handlers.conftest import counted
from tests.unit.handlers.events import Event, sample

if TYPE_CHECKING:
    from collections.abc import Callable
    from decimal import Decimal

    from aws_lambda_powertools.utilities.typing import LambdaContext

    from payments.ports import Charge
    from tests.unit.handlers.conftest import Line

NOTHING_FAILED: Event = {"batchItemFailures": []}


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(START)


@pytest.fixture
def ports(clock: FakeClock) -> Ports:
    store = FakeStore()
    for number in range(10):
        store.create(as_requested(accepted(f"pay-{number}")))
    return Ports(
        store=store,
        gateway=FakeGateway(clock),
        clock=clock,
        tokens=FakeTokens(),
        measure=FakeMeasurements(),
        lease=timedelta(seconds=45),
    )


@pytest.fixture
def consume(ports: Ports, context: LambdaContext, monkeypatch: pytest.MonkeyPatch) -> Callable[[Event], Any]:
    monkeypatch.setattr(processor, "aws_ports", lambda: ports)
    return lambda event: processor.handler(event, context)


def gateway_of(ports: Ports) -> FakeGateway:
    assert isinstance(ports.gateway, FakeGateway)
    return ports.gateway


def statuses(ports: Ports) -> list[Status]:
    return [ports.store.get(f"pay-{number}").status for number in range(10)]


def test_every_message_of_a_batch_brings_its_payment_to_an_end(ports: Ports, consume: Callable[[Event], Any]) -> None:
    """Defect: Records lost quietly."""
    assert consume(sample("sqs")) == NOTHING_FAILED
    assert statuses(ports) == [Status.SUCCEEDED] * 10


@pytest.mark.parametrize(
    "body", ["", "not json", "{}", '{"schema_version": 2, "payment_id": "pay-3"}', '{"schema_version": 1}']
)
def test_one_message_of_ten_that_nobody_understands_keeps_no_other_from_its_end(
    ports: Ports, consume: Callable[[Event], Any], printed: Callable[[], list[Line]], body: str
) -> None:
    """Defect: Records lost quietly."""
    event = sample("sqs")
    event["Records"][3]["body"] = body
    message_id = event["Records"][3]["messageId"]
    assert consume(event) == {"batchItemFailures": [{"itemIdentifier": message_id}]}
    assert statuses(ports) == [Status.SUCCEEDED] * 3 + [Status.ACCEPTED] + [Status.SUCCEEDED] * 6
    lines = printed()
    (failure,) = [line for line in lines if line.get("level") == "ERROR"]
    assert failure["message_id"] == message_id
    assert failure["exception_name"] == "MessageNotUnderstood"
    assert counted(lines) == {"FailedRecords": 1}


def test_a_message_about_a_payment_nobody_has_comes_again(ports: Ports, consume: Callable[[Event], Any]) -> None:
    event = sample("sqs")
    event["Records"][0]["body"] = encode_message("pay-unheard-of")
    failed = consume(event)["batchItemFailures"]
    assert failed == [{"itemIdentifier": event["Records"][0]["messageId"]}]
    assert statuses(ports).count(Status.SUCCEEDED) == 9


def test_an_unclear_answer_makes_the_message_come_again_and_is_no_error_of_ours(
    ports: Ports, consume: Callable[[Event], Any], printed: Callable[[], list[Line]]
) -> None:
    event = sample("sqs")
    event["Records"] = event["Records"][:2]
    gateway_of(ports).acts.extend([Act.TIME_OUT_AFTER_CHARGING])
    (failed,) = consume(event)["batchItemFailures"]
    lines = printed()
    (failure,) = [line for line in lines if line.get("level") == "WARNING"]
    assert failure["message_id"] == failed["itemIdentifier"]
    assert not [line for line in lines if line.get("level") == "ERROR"]
    assert counted(lines) == {"FailedRecords": 1}


@pytest.mark.parametrize("count", [1, 10])
def test_a_batch_of_which_nothing_is_clear_comes_again_and_is_no_error_of_ours(
    ports: Ports, consume: Callable[[Event], Any], printed: Callable[[], list[Line]], count: int
) -> None:
    event = sample("sqs")
    event["Records"] = event["Records"][:count]
    gateway_of(ports).acts.extend([Act.TIME_OUT_BEFORE_CHARGING] * count)
    failed = {failure["itemIdentifier"] for failure in consume(event)["batchItemFailures"]}
    assert failed == {record["messageId"] for record in event["Records"]}
    assert counted(printed()) == {"FailedRecords": count}


@pytest.mark.parametrize("unclear", [0, 9])
def test_a_batch_of_which_nothing_went_well_raises_so_that_errors_rises(
    ports: Ports, consume: Callable[[Event], Any], unclear: int
) -> None:
    """Defect: Dead alarms."""
    event = sample("sqs")
    gateway_of(ports).acts.extend([Act.TIME_OUT_BEFORE_CHARGING] * unclear)
    for record in event["Records"][unclear:]:
        record["body"] = encode_message("pay-unheard-of")
    with pytest.raises(BatchProcessingError):
        consume(event)


def test_a_message_delivered_twice_charges_once(ports: Ports, consume: Callable[[Event], Any]) -> None:
    assert consume(sample("sqs")) == NOTHING_FAILED
    assert consume(sample("sqs")) == NOTHING_FAILED
    assert sorted(gateway_of(ports).taken) == [f"pay-{number}" for number in range(10)]


@pytest.mark.parametrize(
    ("act", "outcome"),
    [
        (Act.APPROVE, Outcome.SUCCEEDED),
        (Act.DECLINE, Outcome.DECLINED),
        (Act.REFUSE, Outcome.FAILED),
        (Act.ECHO_ANOTHER_AMOUNT, Outcome.NEEDS_REVIEW),
    ],
)
def test_each_end_is_reached_and_logged(
    ports: Ports, consume: Callable[[Event], Any], printed: Callable[[], list[Line]], act: Act, outcome: Outcome
) -> None:
    event = sample("sqs")
    event["Records"] = event["Records"][:1]
    gateway_of(ports).acts.append(act)
    assert consume(event) == NOTHING_FAILED
    assert ports.store.get("pay-0").status.value == outcome.value
    (line,) = printed()
    assert (line["message"], line["outcome"], line["payment_id"]) == ("processed", outcome, "pay-0")


class GatewayForTen(FakeGateway):
    """Answers nobody before ten have asked."""

    def __init__(self, clock: FakeClock) -> None:
        super().__init__(clock)
        self._ten = Barrier(10, timeout=30)

    def charge(self, *, idempotency_key: str, reference: str, amount: Decimal, currency: str) -> Charge:
        self._ten.wait()
        return super().charge(idempotency_key=idempotency_key, reference=reference, amount=amount, currency=currency)


def test_ten_payments_wait_for_the_gateway_at_once(
    ports: Ports,
    clock: FakeClock,
    context: LambdaContext,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    at_once = Ports(**{**vars(ports), "gateway": GatewayForTen(clock)})
    monkeypatch.setattr(processor, "aws_ports", lambda: at_once)
    assert processor.handler(sample("sqs"), context) == NOTHING_FAILED
    assert statuses(ports) == [Status.SUCCEEDED] * 10


def test_each_line_names_the_payment_it_is_about_though_messages_are_handled_at_once(
    consume: Callable[[Event], Any], printed: Callable[[], list[Line]]
) -> None:
    consume(sample("sqs"))
    lines = [line for line in printed() if line["message"] == "processed"]
    assert sorted(line["payment_id"] for line in lines) == [f"pay-{number}" for number in range(10)]
    assert all(line["message_id"].startswith(f"0000000{line['payment_id'][-1]}-") for line in lines)
    assert {line["function_request_id"] for line in lines} == {"8f0d3b1c-5d0e-4a53-8a0c-2f3f0f6d3b1c"}


def test_a_message_nobody_understands_is_not_logged_under_the_payment_of_another(
    consume: Callable[[Event], Any], printed: Callable[[], list[Line]]
) -> None:
    event = sample("sqs")
    event["Records"] = [{**record, "body": "{}"} if at % 2 else record for at, record in enumerate(event["Records"])]
    consume(event)
    failures = [line for line in printed() if line.get("level") == "ERROR"]
    assert len(failures) == 5
    assert not [line for line in failures if "payment_id" in line]


def test_a_message_is_never_printed(consume: Callable[[Event], Any], printed: Callable[[], list[Line]]) -> None:
    """Defect: Open doors: card numbers printed."""
    event = sample("sqs")
    event["Records"][0]["body"] = '{"card": "4111111111111111"}'
    consume(event)
    assert "4111" not in json.dumps(printed())


def test_a_message_names_a_payment_and_never_an_amount(ports: Ports) -> None:
    told = json.dumps({"schema_version": 1, "payment_id": "pay-1", "amount": "0.01"})
    assert processor.process(told, ports) is Outcome.SUCCEEDED
    assert ports.store.get("pay-1").amount == accepted().amount
    with pytest.raises(MessageNotUnderstood):
        processor.process("pay-1", ports)


SHARED = {"PAYMENTS_TABLE": "payments", "LEASE_SECONDS": "45", "GATEWAY_KEY_RETENTION_SECONDS": "86400"}
SIMULATOR = {**SHARED, "GATEWAY": "simulator", "GATEWAY_LEDGER_TABLE": "ledger"}
HTTP = {
    **SHARED,
    "GATEWAY": "http",
    "GATEWAY_URL": "https://gateway.example",
    "GATEWAY_SECRET_ARN": "arn:aws:secretsmanager:us-east-1:123456789012:secret:gateway",
    "GATEWAY_TIMEOUT_SECONDS": "10",
}


@pytest.mark.parametrize(("variables", "kind"), [(SIMULATOR, SimulatorGateway), (HTTP, HttpGateway)])
def test_the_gateway_is_the_one_the_functions_variables_name(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], kind: type
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    connected = processor.aws_ports.__wrapped__()
    assert type(connected.gateway) is kind
    assert connected.gateway.key_retention == timedelta(days=1)
    assert connected.lease == timedelta(seconds=45)


@pytest.mark.parametrize("variables", [SIMULATOR, HTTP])
def test_each_missing_variable_is_named(monkeypatch: pytest.MonkeyPatch, variables: dict[str, str]) -> None:
    monkeypatch.setenv("GATEWAY", variables["GATEWAY"])
    with pytest.raises(VariablesRefused) as refused:
        processor.aws_ports.__wrapped__()
    assert {problem.split()[0] for problem in refused.value.problems} == variables.keys() - {"GATEWAY"}


def test_a_gateway_nobody_has_heard_of_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {**SIMULATOR, "GATEWAY": "barter"}.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(VariablesRefused, match="GATEWAY must be one of simulator, http \\(got 'barter'\\)"):
        processor.aws_ports.__wrapped__()
