"""A deployed function, invoked by hand as an operator does."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from operations.environment import Environment


def invoke(deployed: Environment, part: str, event: Mapping[str, object]) -> None:
    """Invoke ``part`` with ``event`` and wait for its end, which must be a good one."""
    answer = deployed.client("lambda").invoke(FunctionName=deployed.name(part), Payload=json.dumps(event))
    assert "FunctionError" not in answer, answer["Payload"].read()
