"""What a handler runs in: a context, its variables, and standard output read line by line."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast
from uuid import uuid4

import pytest

from payments.runtime import telemetry

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from aws_lambda_powertools.utilities.typing import LambdaContext

Line = dict[str, Any]


@pytest.fixture
def context() -> LambdaContext:
    """Return as much of a Lambda context as is used."""
    return cast("LambdaContext", SimpleNamespace(aws_request_id="8f0d3b1c-5d0e-4a53-8a0c-2f3f0f6d3b1c"))


@pytest.fixture(autouse=True)
def deployed(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Run as deployed in the environment ``test``, with a logger of the test's own."""
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", f"worker-{uuid4()}")
    monkeypatch.setenv("POWERTOOLS_METRICS_NAMESPACE", "Payments")
    monkeypatch.setenv("ENVIRONMENT_SUFFIX", "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    telemetry.log.cache_clear()
    yield
    telemetry.log.cache_clear()


@pytest.fixture
def printed(capsys: pytest.CaptureFixture[str]) -> Callable[[], list[Line]]:
    """Return every line written since the last call; each must be a JSON object of its own."""

    def lines() -> list[Line]:
        return [json.loads(line) for line in capsys.readouterr().out.splitlines()]

    return lines


def counted(lines: list[Line]) -> dict[str, float]:
    """Return the sums of the metrics among ``lines``."""
    sums: dict[str, float] = {}
    for line in lines:
        for directive in line.get("_aws", {}).get("CloudWatchMetrics", []):
            for metric in directive["Metrics"]:
                values = line[metric["Name"]]
                sums[metric["Name"]] = sums.get(metric["Name"], 0) + sum(
                    values if isinstance(values, list) else [values]
                )
    return sums
