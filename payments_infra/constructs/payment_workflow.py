"""The workflow of one payment that a person may have to approve."""

from __future__ import annotations

from typing import TYPE_CHECKING

from constructs import Construct

from payments_infra.constructs.definition import definition
from payments_infra.constructs.limits import refuse_out_of_range
from payments_infra.constructs.state_machine import LONGEST_EXECUTION_SECONDS, StateMachine, task_seconds

if TYPE_CHECKING:
    from payments_infra.constructs.encryption import Key
    from payments_infra.constructs.function import Function
    from payments_infra.constructs.naming import Naming
    from payments_infra.constructs.notifications import Topic
    from payments_infra.constructs.place import Place

PROCESSING_SECONDS = 28 * 3600
"""What an execution may take besides waiting for a person: longer than all its tries after one another."""


class PaymentWorkflow(Construct):
    """Examines a payment, waits for an approval where one is required, and charges: ``workflows/payment.asl.json``.

    Its role may invoke exactly the three functions and publish to the topic.

    Args:
        naming: names the state machine, its role and its log group.
        place: where they are.
        key: encrypts the definition and what executions hold.
        log_key: encrypts the log group.
        topic: is told how each payment ended.
        examiner: says what is to be done about a payment.
        requester: asks for an approval.
        charger: brings a payment to its end.
        approval_timeout_seconds: how long an approval is waited for, in seconds.
        log_retention_days: how long logs are kept; a value CloudWatch Logs knows.
        traced: let X-Ray sample executions.

    Raises:
        ValueError: a number is outside what Step Functions takes, or a name too long.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        naming: Naming,
        place: Place,
        key: Key,
        log_key: Key,
        topic: Topic,
        examiner: Function,
        requester: Function,
        charger: Function,
        approval_timeout_seconds: int = 24 * 3600,
        log_retention_days: int = 30,
        traced: bool = True,
    ) -> None:
        super().__init__(scope, id_)
        longest_wait = LONGEST_EXECUTION_SECONDS - PROCESSING_SECONDS
        refuse_out_of_range("approval_timeout_seconds", approval_timeout_seconds, 1, longest_wait)
        self.machine = StateMachine(
            self,
            "workflow",
            part="payment-workflow",
            naming=naming,
            place=place,
            key=key,
            log_key=log_key,
            log_retention_days=log_retention_days,
            traced=traced,
            definition=definition(
                "payment",
                {
                    "partition": place.partition,
                    "examiner": examiner.arn,
                    "examiner_seconds": task_seconds(examiner),
                    "requester": requester.arn,
                    "charger": charger.arn,
                    "charger_seconds": task_seconds(charger),
                    "topic": topic.arn,
                    "approval_timeout_seconds": approval_timeout_seconds,
                    "timeout_seconds": approval_timeout_seconds + PROCESSING_SECONDS,
                },
            ),
        )
        self.machine.allow_invoke(examiner, requester, charger)
        topic.grant_publish(self.machine.role)
