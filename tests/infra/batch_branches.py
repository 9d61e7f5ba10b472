"""Events that lead the functions of a batch through every branch that calls AWS.

Whoever runs them makes the parts of long objects short.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from payments.adapters.dynamodb.batches_table import BatchesTable
from payments.adapters.s3.work_files import S3WorkFiles
from payments.domain.batch import BatchStatus, RowCounts
from payments.domain.errors import BatchRefused, OutcomeMissing
from payments.runtime import system
from tests.batch_samples import completed, ingesting, registered
from tests.infra.stage import DAY, HOUR
from tests.unit.handlers.events import sample

if TYPE_CHECKING:
    from tests.infra.stage import Event, Stage


def register(stage: Stage) -> None:
    """A batch from its registration to its end, registered twice, and one that fails."""
    uploaded = {"bucket": "files", "key": "incoming/a file.csv", "version": "1"}
    told = [stage.run({"step": "register", **uploaded}) for _ in range(2)]
    batch = {"batch_id": told[0]["batch_id"]}
    stage.run({"step": "plan", **batch, "rows": 1})
    counts = {"received": 1, "accepted": 1, "rejected": 0, "totals": {"EUR": "12.50"}, "rejected_key": None}
    assert stage.run({"step": "complete", **batch, **counts})["status"] == "completed"
    failure = {"step": "fail", **uploaded, "version": "2", "error": "States.Timeout", "cause": ""}
    assert stage.run(failure)["status"] == "failed"


def plan(stage: Stage) -> None:
    """A file that is there, and one that is gone."""
    assert stage.run(_uploaded(stage, "payment_id,amount,currency\r\np-1,12.50,EUR\r\n"))["ranges"] == 1
    with pytest.raises(BatchRefused):
        stage.run({**_uploaded(stage, ""), "key": "incoming/gone.csv"})


def ingest(stage: Stage) -> None:
    """Good rows alone, then with bad ones among them; the latter read again, as after a crash."""
    header, good = "payment_id,amount,currency\r\n", "p-1,12.50,EUR\r\np-2,12.50,EUR\r\n"
    bad = "p-3,none,EUR\r\n"
    for rows in (good, good + bad, good + bad):
        part = {"number": 0, "start": len(header), "end": len(header + rows), "first_line": 2}
        assert stage.run({**_uploaded(stage, header + rows), **part}) == {}


def collect(stage: Stage) -> None:
    """A batch with rejected rows, one without, one that lacks an outcome, and one that lacks rejected rows."""
    work = S3WorkFiles(stage.services.s3, stage.variables["BATCH_BUCKET"])
    one_rejected = RowCounts(received=1, accepted=0, rejected=1)
    for batch_id, counts in (("good", RowCounts()), ("bad", one_rejected), ("half", one_rejected)):
        work.write_outcome(batch_id, 0, counts)
        work.write_rejected(batch_id, 0, ["2,p-3,/amount,must be a number or a decimal string\r\n"] * counts.rejected)
    work.write_outcome("half", 1, one_rejected)
    assert stage.run({"batch_id": "good", "ranges": 1})["rejected_key"] is None
    assert stage.run({"batch_id": "bad", "ranges": 1})["rejected_key"] == "rejected/bad.csv"
    for batch_id in ("good", "half"):
        with pytest.raises(OutcomeMissing):
            stage.run({"batch_id": batch_id, "ranges": 2})


def settle(stage: Stage) -> None:
    """A batch whose payments have come to their end, one that is still read, and one whose workflow is lost."""
    batches = BatchesTable(stage.services.dynamodb, stage.variables["BATCHES_TABLE"])
    now = system.now()
    read, lost = registered("read", at=now - HOUR), registered("lost", at=now - 2 * DAY)
    for batch in (read, registered("being-read", at=now), lost):
        batches.create(batch)
        batches.advance(ingesting(batch))
    batches.advance(completed(ingesting(read)))
    stage.run(sample("schedule"))
    assert batches.get("read").version == completed(ingesting(read)).version + 1
    assert batches.get("being-read").status is BatchStatus.INGESTING
    assert batches.get("lost").status is BatchStatus.FAILED


def _uploaded(stage: Stage, content: str) -> Event:
    """Return what a step is told of a new upload."""
    bucket, key = stage.variables["BATCH_BUCKET"], "incoming/a file.csv"
    version = stage.services.s3.put_object(Bucket=bucket, Key=key, Body=content.encode())["VersionId"]
    return {"batch_id": "batch-1", "bucket": bucket, "key": key, "version": version}
