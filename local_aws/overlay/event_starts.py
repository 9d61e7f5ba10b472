"""Executions that a rule starts: by the target's role, and a dead letter for each start that failed.

MiniStack asks no role, and forgets what it could not start. AWS:
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-events-iam-roles.html and
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-dlq.html. What fails here would fail again, so there
are no retries.
"""

import json
from contextvars import ContextVar
from typing import Any

from ministack.core.arn import parse_arn
from ministack.services import eventbridge, sqs, stepfunctions

from local_aws.overlay.roles import refusal

Record = dict[str, Any]

_delivery: ContextVar[tuple[Record, Record, Any]] = ContextVar("delivery")


def apply() -> None:
    """Replace the start of an execution by a rule."""
    invoke = eventbridge._invoke_target

    def invoke_and_remember(target: Record, event: Record, rule: Record, view: Any = None) -> None:
        view = view or eventbridge._pattern_event_view(event)
        token = _delivery.set((target, rule, view))
        try:
            invoke(target, event, rule, view)
        finally:
            _delivery.reset(token)

    eventbridge._invoke_target = invoke_and_remember
    eventbridge._dispatch_to_stepfunctions = _start


def _start(arn: str, payload: str) -> None:
    target, _, _ = _delivery.get()
    if why := refusal(target.get("RoleArn", ""), "states:StartExecution", arn):
        _bury("NO_PERMISSIONS", why)
        return
    status, _, body = stepfunctions._start_execution({"stateMachineArn": arn, "input": payload})
    if status >= 400:  # noqa: PLR2004 - HTTP's errors begin here
        answer = json.loads(body)
        _bury(answer["__type"], answer["message"])


def _bury(code: str, message: str) -> None:
    target, rule, view = _delivery.get()
    queue_arn = target.get("DeadLetterConfig", {}).get("Arn")
    queue = sqs._queue_by_arn(queue_arn) if queue_arn else None
    if queue is None:
        return
    eventbridge._dispatch_to_sqs(parse_arn(queue_arn), json.dumps(view.event_with_detail()))
    told = {"RULE_ARN": rule["Arn"], "TARGET_ARN": target["Arn"], "ERROR_CODE": code, "ERROR_MESSAGE": message}
    queue["messages"][-1]["message_attributes"] = {
        name: {"DataType": "String", "StringValue": value} for name, value in told.items()
    }
