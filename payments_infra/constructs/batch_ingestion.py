"""The workflow that enters a file of payments."""

from __future__ import annotations

from typing import TYPE_CHECKING

from constructs import Construct

from payments_infra.constructs.definition import definition
from payments_infra.constructs.limits import refuse_out_of_range
from payments_infra.constructs.state_machine import LONGEST_EXECUTION_SECONDS, StateMachine, task_seconds

if TYPE_CHECKING:
    from payments_infra.constructs.batch_bucket import BatchBucket
    from payments_infra.constructs.encryption import Key
    from payments_infra.constructs.function import Function
    from payments_infra.constructs.naming import Naming
    from payments_infra.constructs.notifications import Topic
    from payments_infra.constructs.place import Place

LONGEST_RUN_SECONDS = 24 * 3600
"""What an execution may take: ten million rows, and files before it whose turn it is first."""

MOST_CHILDREN = 10_000
"""Child executions of one map that run at once: https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html"""


class BatchIngestion(Construct):
    """Enters the rows of one uploaded file, range by range: ``workflows/batch.asl.json``.

    Its role may invoke exactly the four functions, read manifests, publish notices and start its own children.

    Args:
        naming: names the state machine, its role and its log group.
        place: where they are.
        key: encrypts the definition and what executions hold.
        log_key: encrypts the log group.
        bucket: where manifests are.
        topic: is told of every batch that completed or failed.
        registrar: keeps the batch's record.
        planner: reads a file's header and size, and divides it into ranges.
        ingestor: enters the rows of one range.
        collector: adds up what came of the ranges.
        concurrency: most ranges of one file that are ingested at once (1 to 10,000).
        timeout_seconds: longest execution. One that runs out of it can tell nobody but the alarm.
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
        bucket: BatchBucket,
        topic: Topic,
        registrar: Function,
        planner: Function,
        ingestor: Function,
        collector: Function,
        concurrency: int = 10,
        timeout_seconds: int = LONGEST_RUN_SECONDS,
        log_retention_days: int = 30,
        traced: bool = True,
    ) -> None:
        super().__init__(scope, id_)
        refuse_out_of_range("concurrency", concurrency, 1, MOST_CHILDREN)
        refuse_out_of_range("timeout_seconds", timeout_seconds, 1, LONGEST_EXECUTION_SECONDS)
        self.machine = StateMachine(
            self,
            "workflow",
            part="batch-workflow",
            naming=naming,
            place=place,
            key=key,
            log_key=log_key,
            log_retention_days=log_retention_days,
            traced=traced,
            definition=definition(
                "batch",
                {
                    "partition": place.partition,
                    "registrar": registrar.arn,
                    "registrar_seconds": task_seconds(registrar),
                    "planner": planner.arn,
                    "planner_seconds": task_seconds(planner),
                    "ingestor": ingestor.arn,
                    "ingestor_seconds": task_seconds(ingestor),
                    "collector": collector.arn,
                    "collector_seconds": task_seconds(collector),
                    "bucket": bucket.name,
                    "topic": topic.arn,
                    "concurrency": concurrency,
                    "timeout_seconds": timeout_seconds,
                },
            ),
        )
        self.machine.allow_invoke(registrar, planner, ingestor, collector)
        self.machine.allow_map()
        bucket.grant_read_work(self.machine.role)
        topic.grant_publish(self.machine.role)
