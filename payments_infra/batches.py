"""The way of batch files: from an upload, by a workflow, to rows entered and a batch that is settled."""

from __future__ import annotations

from typing import TYPE_CHECKING

from payments_infra.constructs.batch_ingestion import LONGEST_RUN_SECONDS, BatchIngestion
from payments_infra.constructs.schedule import Schedule
from payments_infra.constructs.upload_rule import UploadRule
from payments_infra.workers import BATCH_OPEN_DEADLINE_SECONDS

if TYPE_CHECKING:
    from payments_infra.channels import Channels
    from payments_infra.ground import Ground
    from payments_infra.storage import Storage
    from payments_infra.workers import Workers


class Batches:
    """Registrar, planner, ingestor and collector, the workflow over them, what starts it, and the settler.

    Args:
        ground: what everything stands on.
        workers: makes the functions.
        storage: where files, batches and payments are.
        channels: the topic the back office listens to.
    """

    def __init__(self, *, ground: Ground, workers: Workers, storage: Storage, channels: Channels) -> None:
        self._storage = storage
        self._channels = channels
        payments = {"PAYMENTS_TABLE": storage.payments.name}
        batches = {"BATCHES_TABLE": storage.batches.name}
        files = {"BATCH_BUCKET": storage.files.name}
        self.registrar = workers.worker("registrar", timeout_seconds=30, environment=batches)
        self.planner = workers.worker("planner", timeout_seconds=900, environment=files)
        self.ingestor = workers.worker(
            "ingestor",
            timeout_seconds=900,
            memory_mb=1024,
            reserved_concurrency=ground.settings.batch_reserved_concurrency or None,
            environment={**payments, **files, "OPEN_DEADLINE_SECONDS": str(BATCH_OPEN_DEADLINE_SECONDS)},
        )
        self.collector = workers.worker("collector", timeout_seconds=900, environment=files)
        self.steps = (self.registrar, self.planner, self.ingestor, self.collector)
        self.settler = workers.worker(
            "settler",
            timeout_seconds=45,
            environment={
                **payments,
                **batches,
                "BACK_OFFICE_TOPIC_ARN": channels.back_office.arn,
                "LONGEST_RUN_SECONDS": str(LONGEST_RUN_SECONDS),
            },
        )
        self._allow()
        self.workflow = BatchIngestion(
            ground.scope,
            "batch_ingestion",
            naming=ground.naming,
            place=ground.place,
            key=ground.keys.functions,
            log_key=ground.keys.logs,
            bucket=storage.files,
            topic=channels.back_office,
            registrar=self.registrar,
            planner=self.planner,
            ingestor=self.ingestor,
            collector=self.collector,
            concurrency=ground.settings.batch_concurrency,
            timeout_seconds=LONGEST_RUN_SECONDS,
            log_retention_days=ground.settings.profile.log_retention_days,
        ).machine
        self.uploads = UploadRule(
            ground.scope,
            "uploads",
            naming=ground.naming,
            place=ground.place,
            key=ground.keys.queues,
            bucket=storage.files,
            machine=self.workflow,
        )
        Schedule(ground.scope, "settling", part="settler", naming=ground.naming, function=self.settler)

    def _allow(self) -> None:
        payments, batches, files = self._storage.payments, self._storage.batches, self._storage.files
        batches.grant_register(self.registrar.role)
        batches.grant_read(self.registrar.role)
        files.grant_read_incoming(self.planner.role)
        files.grant_notice_absence(self.planner.role)
        files.grant_write_work(self.planner.role)
        files.grant_read_incoming(self.ingestor.role)
        files.grant_write_work(self.ingestor.role)
        payments.grant_create(self.ingestor.role)
        files.grant_read_work(self.collector.role)
        files.grant_notice_absence(self.collector.role)
        files.grant_write_rejected(self.collector.role)
        batches.grant_read(self.settler.role)
        batches.grant_advance(self.settler.role)
        batches.grant_find_overdue(self.settler.role)
        payments.grant_count_settled(self.settler.role)
        self._channels.back_office.grant_publish(self.settler.role)
