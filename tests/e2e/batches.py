"""Looks into the deployed tables and buckets where customers cannot: what a batch left behind."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter, defaultdict
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from local_aws import account
from local_aws.batch_upload import BatchUpload
from local_aws.batch_writer import write_batch
from local_aws.payments_client import PaymentsClient
from tests.e2e.client import eventually

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from local_aws.batch_writer import Written
    from local_aws.deployment import Deployment

Money = tuple[Decimal, str]
"""An amount and its currency."""


@dataclass(frozen=True)
class Uploaded:
    """A file and what became of it."""

    batch: Mapping[str, Any]
    report: list[dict[str, str]]

    @property
    def counts(self) -> tuple[int, int, int]:
        """Rows received, accepted and rejected."""
        counts = self.batch["counts"]
        return counts["received"], counts["accepted"], counts["rejected"]


class Batches:
    """Uploads files to one deployment and looks up what they left."""

    def __init__(self, deployment: Deployment, folder: Path) -> None:
        self._deployment = deployment
        self._folder = folder
        self._session = account.session(deployment.region)
        self.upload = BatchUpload(deployment)

    def pay(self, content: bytes, name: str, *, dry_run: bool = False) -> Uploaded:
        """Upload ``content`` as ``name``, and return what became of it in the end."""
        file = self._folder / "upload.csv"
        file.write_bytes(content)
        batch = self.upload.pay(file, name=name, dry_run=dry_run, watch=lambda _progress: None)
        return Uploaded(batch, self.report_of(batch))

    def report_of(self, batch: Mapping[str, Any]) -> list[dict[str, str]]:
        """Return the lines of the batch's report on its rejected rows."""
        return list(csv.DictReader(io.StringIO(self.upload.report_of(batch) or "")))

    def written(self, name: str, *, rows: int, bad_percent: float = 0.0, seed: int = 0) -> tuple[Written, Uploaded]:
        """Upload a generated file whose ids begin with ``name``, and return what it holds and what became of it."""
        content = io.BytesIO()
        what = write_batch(content, rows=rows, bad_percent=bad_percent, seed=seed, prefix=name)
        return what, self.pay(content.getvalue(), f"{name}.csv")

    def put(self, key: str, content: bytes) -> str:
        """Upload ``content`` as ``key``, follow nothing, and return the version it became."""
        client = self._session.client("s3", endpoint_url=self._deployment.endpoint_url, config=account.DIRECT)
        answer = client.put_object(Bucket=self._deployment.outputs["batch_bucket_name"], Key=key, Body=content)
        return str(answer["VersionId"])

    def batch(self, batch_id: str) -> dict[str, Any]:
        """Return the batch as it stands."""
        return PaymentsClient(self._deployment).batch(batch_id)

    def ends_of_executions(self, batch: Mapping[str, Any]) -> list[str]:
        """Return how the executions over the batch's file ended."""
        client = self._session.client(
            "stepfunctions", endpoint_url=self._deployment.endpoint_url, config=account.DIRECT
        )
        machine = self._deployment.outputs["batch_workflow_arn"]
        pages = client.get_paginator("list_executions").paginate(stateMachineArn=machine)
        arns = [each["executionArn"] for page in pages for each in page["executions"]]

        def statuses() -> list[str]:
            told = [client.describe_execution(executionArn=arn) for arn in arns]
            inputs = [json.loads(one["input"]) for one in told]
            return [
                one["status"]
                for one, given in zip(told, inputs, strict=True)
                if (given["key"], given["version"]) == (batch["file"], batch["version"])
            ]

        return eventually(statuses, lambda found: bool(found) and "RUNNING" not in found)

    def files_of_today(self) -> list[str]:
        """Return the files of the newest batches, newest first."""
        return [batch["file"] for batch in PaymentsClient(self._deployment).batches_of_today()]

    def payments_of(self, batch_id: str) -> dict[str, str]:
        """Return the status of each payment that the table holds of the batch, by its id."""
        return {
            item["payment_id"]["S"]: item["status"]["S"]
            for item in self._scan("payments_table_name", "payment_id, #status, batch_id", {"#status": "status"})
            if item.get("batch_id", {}).get("S") == batch_id
        }

    def statuses(self) -> dict[str, str]:
        """Return the status of every payment that the table holds, by its id."""
        items = self._scan("payments_table_name", "payment_id, #status", {"#status": "status"})
        return {item["payment_id"]["S"]: item["status"]["S"] for item in items if "status" in item}

    def charges(self) -> Counter[str]:
        """Return how often money moved for each payment, by the gateway's own ledger."""
        entries = self._scan("gateway_ledger_table_name", "#reference, approved", {"#reference": "reference"})
        return Counter(entry["reference"]["S"] for entry in entries if entry.get("approved", {}).get("BOOL"))

    def amounts(self) -> dict[str, Money]:
        """Return what every payment that the table holds is for, by its id."""
        items = self._scan("payments_table_name", "#id, amount, currency", {"#id": "payment_id"})
        return {item["payment_id"]["S"]: _money(item) for item in items if "amount" in item}

    def charged(self) -> dict[str, set[Money]]:
        """Return the different amounts that the gateway's own ledger has for each payment, declined ones too."""
        names = {"#reference": "reference"}
        found: defaultdict[str, set[Money]] = defaultdict(set)
        for entry in self._scan("gateway_ledger_table_name", "#reference, amount, currency", names):
            if "amount" in entry:
                found[entry["reference"]["S"]].add(_money(entry))
        return dict(found)

    def audited(self) -> Counter[str]:
        """Return the number of audit events of each payment."""
        return Counter(item["payment_id"]["S"] for item in self._scan("audit_table_name", "#id", {"#id": "payment_id"}))

    def _scan(self, output: str, projection: str, names: dict[str, str]) -> Iterator[Mapping[str, Any]]:
        client = self._session.client("dynamodb", endpoint_url=self._deployment.endpoint_url, config=account.DIRECT)
        pages = client.get_paginator("scan").paginate(
            TableName=self._deployment.outputs[output],
            ProjectionExpression=projection,
            ExpressionAttributeNames=names,
            ConsistentRead=True,
        )
        return (item for page in pages for item in page["Items"])


def _money(item: Mapping[str, Any]) -> Money:
    return Decimal(item["amount"]["N"]), item["currency"]["S"]
