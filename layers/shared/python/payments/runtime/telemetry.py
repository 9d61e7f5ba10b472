"""Logs and metrics: JSON lines on standard output, each written in one piece so that threads can't mix them up.

Lines carry identifiers, statuses and reasons. They never carry bodies, headers, secrets or API keys.
"""

from __future__ import annotations

import json
import os
import sys
from functools import cache
from typing import TYPE_CHECKING

from aws_lambda_powertools import Logger
from aws_lambda_powertools.metrics import EphemeralMetrics, MetricUnit

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

FAILED_RECORDS_METRIC = "FailedRecords"
UNEXPECTED_ERRORS_METRIC = "UnexpectedErrors"


@cache
def log() -> Logger:
    """Return the process's logger; service and level come from the ``POWERTOOLS_…`` variables, at the first call."""
    # The traceback as one text is enough; the second, structured copy would double every failure's line.
    return Logger(utc=True, use_rfc3339=True, serialize_stacktrace=False)


def begin(context: LambdaContext, **keys: object) -> None:
    """Start an invocation: from here on every line names it, and what an earlier one left behind is gone."""
    log().thread_safe_clear_keys()
    about(function_request_id=context.aws_request_id, **keys)


def about(**keys: object) -> None:
    """Add ``keys``, such as ``payment_id``, to every further line of this thread's work."""
    log().thread_safe_append_keys(**keys)


class EmittedMetrics:
    """:class:`payments.ports.Measurements` in CloudWatch's embedded metric format.

    Dimensions are ``service`` (the worker) and ``environment`` (the suffix), so that two environments in one account
    keep apart.
    """

    def count(self, name: str, value: int = 1) -> None:
        """Add ``value`` to the metric ``name``; the line is out when this returns."""
        metrics = EphemeralMetrics()
        metrics.add_dimension("environment", os.environ.get("ENVIRONMENT_SUFFIX") or "unknown")
        metrics.add_metric(name, MetricUnit.Count, value)
        sys.stdout.write(json.dumps(metrics.serialize_metric_set()) + "\n")
        sys.stdout.flush()
