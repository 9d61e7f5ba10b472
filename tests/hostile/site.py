"""The handlers as they are deployed, on in-memory ports, with everything they write kept: tables, stream and log."""

from __future__ import annotations

import io
import os
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from datetime import timedelta
from decimal import Decimal
from logging import StreamHandler
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast
from unittest.mock import patch

from functions.approver import handler as approver
from functions.query import handler as query
from functions.validator import handler as validator
from payments.adapters.dynamodb.page_tokens import positions_in
from payments.domain.approval import ApprovalPolicy, approval_token
from payments.domain.identifiers import SHARDS
from payments.runtime import telemetry
from tests.batch_fakes import FakeBatchStore, FakeSettledPayments
from tests.batch_samples import registered
from tests.fakes import FakeAuditLog, FakeClock, FakeStore, FakeTokens
from tests.samples import START, accepted, awaiting_approval, rich

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from aws_lambda_powertools.utilities.typing import LambdaContext

    from payments.ports import BatchPage, Page

CONTEXT = cast("LambdaContext", SimpleNamespace(aws_request_id="8f0d3b1c-5d0e-4a53-8a0c-2f3f0f6d3b1c"))
WAITING, DECIDED, SHOWN = "pay-waiting", "pay-decided", "pay-shown"
RIGHT_TOKEN = approval_token(WAITING, "wait-of-the-workflow")
WORKERS = {"validator": validator, "query": query, "approver": approver}
OPEN_DEADLINE = timedelta(minutes=10)


class StrictStore(FakeStore):
    """Reads the token of a page as the table's adapter does."""

    def list_of_customer(self, customer_id: str, *, limit: int, next_token: str | None) -> Page:
        _read(next_token, [customer_id])
        return super().list_of_customer(customer_id, limit=limit, next_token=None)

    def list_created_on(self, day: date, *, limit: int, next_token: str | None) -> Page:
        _read(next_token, [f"{day.isoformat()}#{shard}" for shard in SHARDS])
        return super().list_created_on(day, limit=limit, next_token=None)


class StrictBatchStore(FakeBatchStore):
    """Reads the token of a page as the table's adapter does."""

    def list_created_on(self, day: date, *, limit: int, next_token: str | None) -> BatchPage:
        _read(next_token, [day.isoformat()])
        return super().list_created_on(day, limit=limit, next_token=None)


def _read(next_token: str | None, partitions: list[str]) -> None:
    if next_token:
        positions_in(next_token, "by-day", partitions)


class Site:
    """One environment with a few payments in it. ``log`` is what standard output and standard error got."""

    def __init__(self, log: io.StringIO) -> None:
        self.log = log
        self.store = StrictStore()
        self.batches = StrictBatchStore()
        self.payments_before = [
            awaiting_approval(WAITING, task_token="wait-of-the-workflow"),  # noqa: S106 - it opens nothing
            rich(SHOWN),
            accepted(DECIDED, customer_id="cust-1"),
        ]
        for payment in self.payments_before:
            self.store.payments[payment.payment_id] = payment
        self.batches.create(registered())
        clock, tokens = FakeClock(START), FakeTokens()
        self.ports: dict[str, Any] = {
            "validator": validator.Ports(
                store=self.store,
                clock=clock,
                tokens=tokens,
                open_deadline=OPEN_DEADLINE,
                approvals=ApprovalPolicy(limits={"USD": Decimal(100)}, timeout=timedelta(days=1)),
            ),
            "query": query.Ports(
                reader=self.store,
                trail=FakeAuditLog(),
                batches=self.batches,
                settled=FakeSettledPayments(self.store),
            ),
            "approver": approver.Ports(store=self.store, clock=clock, tokens=tokens, open_deadline=OPEN_DEADLINE),
        }

    def answer(self, worker: str, event: dict[str, Any]) -> dict[str, Any]:
        """Return what the worker's ``handler`` answers to ``event``."""
        with patch.object(WORKERS[worker], "aws_ports", lambda: self.ports[worker]):
            answer: dict[str, Any] = WORKERS[worker].handler(event, CONTEXT)
        return answer

    def written(self) -> tuple[int, ...]:
        """Return counts that grow with every write to the tables, and so to the stream that feeds the queues."""
        return self.store.writes, len(self.store.changes), len(self.store.key_records), len(self.batches.statuses)

    def read_log(self) -> str:
        """Return what was logged since the last call."""
        lines = self.log.getvalue()
        self.log.seek(0)
        self.log.truncate()
        return lines


@contextmanager
def captured_log() -> Iterator[io.StringIO]:
    """Let everything that is logged or printed meanwhile go to the text that is given, and to nowhere else."""
    variables = {"POWERTOOLS_SERVICE_NAME": "hostile", "POWERTOOLS_METRICS_NAMESPACE": "Payments"}
    lines = io.StringIO()
    with patch.dict(os.environ, variables), redirect_stdout(lines), redirect_stderr(lines):
        telemetry.log.cache_clear()
        streams = [handler for handler in telemetry.log().handlers if isinstance(handler, StreamHandler)]
        before = [handler.setStream(lines) for handler in streams]
        try:
            yield lines
        finally:
            for handler, stream in zip(streams, before, strict=True):
                if stream:
                    handler.setStream(stream)
            telemetry.log.cache_clear()
