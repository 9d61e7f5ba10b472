"""The batch workflow's last reader: adds up what came of a file's ranges, and joins their reports."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from payments.adapters import aws
from payments.adapters.s3.work_files import S3WorkFiles
from payments.domain.batch_counts import counts_json
from payments.runtime import telemetry
from payments.runtime.variables import variables
from payments.use_cases import collect_batch

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

    from payments.ports import WorkFiles


@dataclass(frozen=True, kw_only=True)
class Ports:
    """What collecting needs."""

    work: WorkFiles


@cache
def aws_ports() -> Ports:
    """Connect to what the function's variables name."""
    with variables() as env:
        return Ports(work=S3WorkFiles(aws.s3(), env.text("BATCH_BUCKET")))


def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Handle one task of the workflow; whatever fails raises, and the workflow goes by the error's name."""
    telemetry.begin(context, batch_id=event["batch_id"])
    return run(event, aws_ports())


def run(event: dict[str, Any], ports: Ports) -> dict[str, Any]:
    """Return what all ranges of the batch came to, and where the report on its rejected rows lies.

    Raises:
        OutcomeMissing: a range has not been read to its end.
    """
    collected = collect_batch(event["batch_id"], ranges=int(event["ranges"]), work=ports.work)
    counts = counts_json(collected.counts)
    telemetry.log().info("collected", extra=counts)
    return {**counts, "rejected_key": collected.rejected_key}
