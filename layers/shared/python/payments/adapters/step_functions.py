"""The workflows of orchestrated payments: one execution of one state machine for each payment, named by its id."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from payments.adapters.aws import error_code
from payments.domain.errors import DeliveryFailed

if TYPE_CHECKING:
    from mypy_boto3_stepfunctions.client import SFNClient

# The answer for an execution of this name that runs with another input, or that ran and was closed.
_RAN_BEFORE = "ExecutionAlreadyExists"

# The wait was answered, timed out or left; Step Functions takes every answer but the first for one of these.
_WAITS_NO_MORE = frozenset({"TaskTimedOut", "TaskDoesNotExist", "InvalidToken"})


class StepFunctionsWorkflow:
    """A :class:`payments.ports.Workflow`; needs ``states:StartExecution`` and ``states:SendTaskSuccess``.

    Errors never repeat a task token: whoever has it can answer for a person.
    """

    def __init__(self, client: SFNClient, state_machine_arn: str) -> None:
        self._client = client
        self._state_machine_arn = state_machine_arn

    def start(self, payment_id: str) -> None:
        """Start the payment's workflow. See :meth:`payments.ports.Workflow.start`."""
        try:
            self._client.start_execution(
                stateMachineArn=self._state_machine_arn,
                name=payment_id,
                input=json.dumps({"payment_id": payment_id}),
            )
        except (BotoCoreError, ClientError) as error:
            if not _is_one_of(error, {_RAN_BEFORE}):
                raise DeliveryFailed(f"the workflow of {payment_id} was not started: {_kind(error)}") from error

    def answer(self, task_token: str, *, granted: bool) -> None:
        """Tell the workflow that waits what was decided. See :meth:`payments.ports.Workflow.answer`."""
        try:
            self._client.send_task_success(taskToken=task_token, output=json.dumps({"granted": granted}))
        except (BotoCoreError, ClientError) as error:
            if not _is_one_of(error, _WAITS_NO_MORE):
                raise DeliveryFailed(f"a waiting workflow was not answered: {_kind(error)}") from None


def _is_one_of(error: BotoCoreError | ClientError, codes: frozenset[str] | set[str]) -> bool:
    return isinstance(error, ClientError) and error_code(error) in codes


def _kind(error: BotoCoreError | ClientError) -> str:
    return error_code(error) if isinstance(error, ClientError) else type(error).__name__
