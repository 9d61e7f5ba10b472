"""Pays a file: uploads it to the deployed bucket and follows its batch to the end."""

import json
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

from local_aws import account
from local_aws.deployment import Deployment
from local_aws.loopback import UnreachableError
from local_aws.payments_client import Document, NoAnswerError, PaymentsClient

STALLED_SECONDS = 300.0
LARGE_BATCH_STALLED_SECONDS = 1800.0  # its payments are counted anew every four minutes, on a busy machine less often
POLL_SECONDS = 0.5
LARGE_BATCH_ROWS = 5_000
LARGE_BATCH_POLL_SECONDS = 10.0  # its payments are counted anew at every look


class NotABatchError(RuntimeError):
    """The bucket takes such a file and does nothing with it."""


class NotFollowedError(RuntimeError):
    """Somebody stopped following a batch, which goes on."""


class BatchNotEndedError(RuntimeError):
    """A batch did not get on any more."""


@dataclass(frozen=True)
class Progress:
    """How far a batch is: the ``step`` it is at, and ``done`` of ``total`` rows; ``total`` is 0 while nobody knows."""

    step: str
    done: int = 0
    total: int = 0


class Watcher(Protocol):
    """Takes progress."""

    def __call__(self, progress: Progress, /) -> None:
        """Show it."""


@dataclass(frozen=True)
class BatchUpload:
    """Uploads to one deployment and follows what comes of it."""

    deployment: Deployment

    def pay(self, file: Path, *, watch: Watcher, dry_run: bool = False, name: str | None = None) -> Document:
        """Upload ``file`` and return its batch once nothing of it is open; a dry run enters nothing.

        Raises:
            NotABatchError: an upload of this name would start nothing.
            NotFollowedError: Ctrl-C was pressed once the file was uploaded.
            BatchNotEndedError: nothing changed for STALLED_SECONDS, of a large batch for LARGE_BATCH_STALLED_SECONDS.
        """
        called = name or file.name
        if not called.endswith(".csv"):
            raise NotABatchError(f"the name must end in .csv, in small letters: {called!r} would start nothing")
        watch(Progress("uploading"))
        key = f"incoming/{'dry-run/' if dry_run else ''}{called}"
        version = self.upload(file, key)
        try:
            return self.follow(key, version, watch=watch)
        except KeyboardInterrupt as interrupt:
            raise NotFollowedError(
                f"{key} is uploaded, and its batch goes on without being followed. How it stands is in "
                f"GET /batches?day={datetime.now(tz=UTC).date()} at {self.deployment.api_url}"
            ) from interrupt

    def upload(self, file: Path, key: str) -> str:
        """Upload ``file`` as ``key`` and return the version it became."""
        with file.open("rb") as body:
            answer = self._s3().put_object(Bucket=self._bucket, Key=key, Body=body)
        return str(answer["VersionId"])

    def follow(self, key: str, version: str, *, watch: Watcher) -> Document:
        """Return the batch of an uploaded version once nothing of it is open any more, or it failed.

        Raises:
            BatchNotEndedError: see :meth:`pay`.
        """
        seen, changed_at = Progress("waiting for the workflow"), time.monotonic()
        client = PaymentsClient(self.deployment)
        batch: Document | None = None
        found: Document | None = None
        while batch is None or not _has_ended(batch):
            # A busy machine may owe an answer for a while; the batch goes on without it.
            with suppress(UnreachableError, NoAnswerError):
                found = client.batch(batch["batch_id"]) if batch else _of(client.batches_of_today(), key, version)
            now = self._progress(found) if found else seen
            if now != seen or (found and batch is None):
                seen, changed_at = now, time.monotonic()
            watch(seen)
            is_large = seen.total > LARGE_BATCH_ROWS
            if time.monotonic() - changed_at > (LARGE_BATCH_STALLED_SECONDS if is_large else STALLED_SECONDS):
                raise BatchNotEndedError(_stalled(key, found, self.deployment))
            batch = found
            time.sleep(LARGE_BATCH_POLL_SECONDS if is_large else POLL_SECONDS)
        return batch

    def report_of(self, batch: Mapping[str, Any]) -> str | None:
        """Return the batch's report on its rejected rows, as it lies in the bucket; None where none was rejected."""
        if not batch.get("rejected_file"):
            return None
        answer = self._s3().get_object(Bucket=self._bucket, Key=batch["rejected_file"])
        return str(answer["Body"].read(), "utf-8")

    def _progress(self, batch: Document) -> Progress:
        counts, rows = batch.get("counts", {}), batch.get("rows") or 0
        if batch["status"] == "ingesting":
            return Progress("entering rows", min(self._rows_read(batch["batch_id"]), rows), rows)
        if batch["status"] == "completed":
            return Progress("payments", counts["accepted"] - counts.get("open", 0), counts["accepted"])
        return Progress(batch["status"], rows, rows)

    def _rows_read(self, batch_id: str) -> int:
        """Return how many rows have an outcome yet: the workflow tells it only at the end."""
        outcomes = (
            self._s3()
            .get_paginator("list_objects_v2")
            .paginate(Bucket=self._bucket, Prefix=f"work/{batch_id}/outcomes/")
        )
        keys = [found["Key"] for page in outcomes for found in page.get("Contents", [])]
        return sum(self._received(key) for key in keys)

    def _received(self, key: str) -> int:
        outcome = self._s3().get_object(Bucket=self._bucket, Key=key)["Body"].read()
        return int(json.loads(outcome)["received"])

    @property
    def _bucket(self) -> str:
        return str(self.deployment.outputs["batch_bucket_name"])

    def _s3(self) -> Any:  # noqa: ANN401 - boto3's stubs are not part of the running product
        return account.session(self.deployment.region).client(
            "s3", endpoint_url=self.deployment.endpoint_url, config=account.DIRECT
        )


def _has_ended(batch: Document) -> bool:
    """Whether nothing more will come; that a batch is settled is written a minute or so after its last payment is."""
    return batch["status"] in {"settled", "failed"} or (
        batch["status"] == "completed" and not batch["counts"].get("open")
    )


def _of(batches: list[Document], key: str, version: str) -> Document | None:
    return next((each for each in batches if (each["file"], each["version"]) == (key, version)), None)


def _stalled(key: str, batch: Document | None, deployment: Deployment) -> str:
    stands = f"stands at {batch['status']} since {batch['updated_at']}" if batch else "was never registered"
    return (
        f"the batch of {key} {stands}. See the executions of {deployment.outputs['batch_workflow_arn']} and the "
        f"functions' logs in /aws/lambda/… at {deployment.endpoint_url}"
    )
