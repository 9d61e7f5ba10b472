"""The batch workflow's record keeper: writes down that a file came, was planned, is complete or has failed."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from payments.adapters import aws
from payments.adapters.dynamodb.batches_table import BatchesTable
from payments.domain.batch_counts import counts_from
from payments.domain.public_batch import batch_notice
from payments.runtime import system, telemetry
from payments.runtime.batch_events import source_in
from payments.runtime.variables import variables
from payments.use_cases import complete_batch, fail_batch, record_plan, register_batch

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

    from payments.domain.batch import Batch
    from payments.ports import BatchStore, Clock, Measurements, Tokens

    Answer = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Ports:
    """What keeping the record needs."""

    store: BatchStore
    clock: Clock
    tokens: Tokens
    measure: Measurements


@cache
def aws_ports() -> Ports:
    """Connect to what the function's variables name."""
    with variables() as env:
        return Ports(
            store=BatchesTable(aws.dynamodb(), env.text("BATCHES_TABLE")),
            clock=system.now,
            tokens=system.new_token,
            measure=telemetry.EmittedMetrics(),
        )


def handler(event: dict[str, Any], context: LambdaContext) -> Answer:
    """Handle one task of the workflow; whatever fails raises, and the workflow goes by the error's name."""
    telemetry.begin(context, step=event["step"])
    return run(event, aws_ports())


def run(event: dict[str, Any], ports: Ports) -> Answer:
    """Write down what the step of ``event`` says, and return what the workflow goes on with.

    Raises:
        NotImplementedError: the workflow asks for a step this function doesn't know.
    """
    match event["step"]:
        case "register":
            return _register(event, ports)
        case "plan":
            return _plan(event, ports)
        case "complete":
            return _complete(event, ports)
        case "fail":
            return _fail(event, ports)
        case step:
            raise NotImplementedError(f"no step of a batch is called {step!r}")


def _register(event: dict[str, Any], ports: Ports) -> Answer:
    registered = register_batch(source_in(event), store=ports.store, clock=ports.clock, tokens=ports.tokens)
    batch = registered.batch
    return {
        **_recorded(batch),
        **vars(batch.source),
        "dry_run": batch.is_dry_run,
        "proceed": registered.proceed,
    }


def _plan(event: dict[str, Any], ports: Ports) -> Answer:
    rows = int(event["rows"])
    return _recorded(
        record_plan(event["batch_id"], rows=rows, store=ports.store, clock=ports.clock, tokens=ports.tokens)
    )


def _complete(event: dict[str, Any], ports: Ports) -> Answer:
    batch = complete_batch(
        event["batch_id"],
        counts=counts_from(event),
        rejected_key=event["rejected_key"],
        store=ports.store,
        clock=ports.clock,
        tokens=ports.tokens,
        measure=ports.measure,
    )
    return {**_recorded(batch), "notice": batch_notice(batch)}


def _fail(event: dict[str, Any], ports: Ports) -> Answer:
    failed = fail_batch(
        source_in(event),
        error=event["error"],
        cause=event["cause"],
        store=ports.store,
        clock=ports.clock,
        tokens=ports.tokens,
    )
    # The reason is this run's own, also where another run has completed the batch.
    notice = {**batch_notice(failed.batch), "reason": failed.reason}
    return {**_recorded(failed.batch), "reason": failed.reason, "notice": notice}


def _recorded(batch: Batch) -> Answer:
    telemetry.about(batch_id=batch.batch_id)
    telemetry.log().info("recorded", extra={"status": batch.status, "version": batch.version})
    return {"batch_id": batch.batch_id, "status": str(batch.status)}
