"""The batch workflow's workhorse: enters the rows of one range of a file as payments."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from payments.adapters import aws
from payments.adapters.dynamodb.payment_intake import TransactedIntake
from payments.adapters.s3.uploaded_files import S3Uploads
from payments.adapters.s3.work_files import S3WorkFiles
from payments.runtime import system, telemetry
from payments.runtime.batch_events import range_in, source_in
from payments.runtime.variables import variables
from payments.use_cases import ingest_range

if TYPE_CHECKING:
    from datetime import timedelta

    from aws_lambda_powertools.utilities.typing import LambdaContext

    from payments.ports import Clock, PaymentIntake, UploadedFiles, WorkFiles


@dataclass(frozen=True, kw_only=True)
class Ports:
    """What entering rows needs; the sweeper looks after a payment once ``open_deadline`` has passed."""

    files: UploadedFiles
    work: WorkFiles
    intake: PaymentIntake
    clock: Clock
    open_deadline: timedelta


@cache
def aws_ports() -> Ports:
    """Connect to what the function's variables name."""
    system.take_short_turns()
    s3 = aws.s3()
    with variables() as env:
        return Ports(
            files=S3Uploads(s3),
            work=S3WorkFiles(s3, env.text("BATCH_BUCKET")),
            intake=TransactedIntake(aws.dynamodb_for_many(), env.text("PAYMENTS_TABLE")),
            clock=system.now,
            open_deadline=env.seconds("OPEN_DEADLINE_SECONDS"),
        )


def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Handle one range; whatever fails raises, and the workflow has the range read again."""
    telemetry.begin(context, batch_id=event["batch_id"], range=event["number"])
    return run(event, aws_ports())


def run(event: dict[str, Any], ports: Ports) -> dict[str, Any]:
    """Enter the rows of the range that ``event`` names; what came of them lies in the bucket, so nothing is returned.

    Whether it is a dry run is told by the file's own key.
    """
    counts = ingest_range(
        event["batch_id"],
        range_in(event),
        source=source_in(event),
        files=ports.files,
        work=ports.work,
        intake=ports.intake,
        clock=ports.clock,
        open_deadline=ports.open_deadline,
    )
    telemetry.log().info("ingested", extra={"accepted": counts.accepted, "rejected": counts.rejected})
    return {}
