"""The batch workflow's planner: reads a file once, and leaves the ranges in which it is to be entered."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from payments.adapters import aws
from payments.adapters.s3.uploaded_files import S3Uploads
from payments.adapters.s3.work_files import S3WorkFiles
from payments.runtime import telemetry
from payments.runtime.batch_events import source_in
from payments.runtime.variables import variables
from payments.use_cases import plan_batch

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

    from payments.ports import UploadedFiles, WorkFiles


@dataclass(frozen=True, kw_only=True)
class Ports:
    """What planning needs."""

    files: UploadedFiles
    work: WorkFiles


@cache
def aws_ports() -> Ports:
    """Connect to what the function's variables name."""
    client = aws.s3()
    with variables() as env:
        return Ports(files=S3Uploads(client), work=S3WorkFiles(client, env.text("BATCH_BUCKET")))


def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Handle one task of the workflow; whatever fails raises, and the workflow goes by the error's name."""
    telemetry.begin(context, batch_id=event["batch_id"])
    return run(event, aws_ports())


def run(event: dict[str, Any], ports: Ports) -> dict[str, Any]:
    """Plan the file that ``event`` names, and say where the manifest lies and how much there is to do.

    Raises:
        BatchRefused: the file can't be read at all; its message is the reason.
    """
    plan = plan_batch(event["batch_id"], source=source_in(event), files=ports.files, work=ports.work)
    telemetry.log().info("planned", extra={"ranges": plan.ranges, "rows": plan.rows})
    return {"manifest_key": plan.manifest_key, "ranges": plan.ranges, "rows": plan.rows}
