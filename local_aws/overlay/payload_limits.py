"""What a state holds: 256 KiB at most, in MiniStack anything.

AWS: https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html ("Maximum input or output size for a
task, state, or execution"). Without this a workflow whose state grows with a file would pass.
"""

import json
from typing import Any

from ministack.services import stepfunctions

LARGEST_PAYLOAD_BYTES = 256 * 1024


def apply() -> None:
    """Look at what each task gives back, and at what each state hands on."""
    invoke = stepfunctions._invoke_resource

    def invoke_small(*arguments: Any) -> Any:
        return require_small(invoke(*arguments), "task")

    stepfunctions._invoke_resource = invoke_small
    for kind in ("pass", "task", "choice", "wait", "parallel", "map"):
        name = f"_execute_{kind}"
        setattr(stepfunctions, name, _handing_on_little(getattr(stepfunctions, name)))


def require_small(value: Any, what: str) -> Any:
    """Return ``value``.

    Raises:
        _ExecutionError: it is longer than a state can hold; ``what`` says whose it is.
    """
    if len(json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()) > LARGEST_PAYLOAD_BYTES:
        raise stepfunctions._ExecutionError(
            "States.DataLimitExceeded",
            f"The {what} returned a result with a size exceeding the maximum number of bytes service limit.",
        )
    return value


def _handing_on_little(execute: Any) -> Any:
    def execute_small(*arguments: Any) -> Any:
        output, following = execute(*arguments)
        return require_small(output, "state"), following

    return execute_small
