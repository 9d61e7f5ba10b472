"""One environment of the payment pipeline: what there is, who may use it, what runs when, and what rings."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from cdktf import TerraformOutput, TerraformStack

from payments.domain.request import gateway_model
from payments_infra.constructs.api import Api
from payments_infra.constructs.api_access import Limits
from payments_infra.constructs.api_log_role import ApiLogRole
from payments_infra.constructs.audit import AuditTable
from payments_infra.constructs.code import Code
from payments_infra.constructs.dead_letters import DeadLetters
from payments_infra.constructs.encryption import Encryption
from payments_infra.constructs.event_sources import QueueSource, StreamSource
from payments_infra.constructs.gateway import GatewaySimulatorLedger
from payments_infra.constructs.layer import Layer
from payments_infra.constructs.naming import Naming
from payments_infra.constructs.nat import Nat, NatMode
from payments_infra.constructs.network import Network
from payments_infra.constructs.notifications import Topic
from payments_infra.constructs.pipeline import Pipeline
from payments_infra.constructs.place import Place
from payments_infra.constructs.route import Route
from payments_infra.constructs.schedule import Schedule
from payments_infra.constructs.secret import Secret
from payments_infra.constructs.table import PAYMENTS_ONLY, PaymentsTable
from payments_infra.constructs.web_acl import WebAcl
from payments_infra.guardrails import guard
from payments_infra.provider import add_provider, add_state_backend
from payments_infra.settings import PROJECT
from payments_infra.watching import watch
from payments_infra.workers import LEASE_MARGIN_SECONDS, OPEN_DEADLINE_SECONDS, Workers

if TYPE_CHECKING:
    from pathlib import Path

    from constructs import Construct

    from payments_infra.settings import Settings

PROCESSOR_TIMEOUT_SECONDS = 30
NOTIFIER_TIMEOUT_SECONDS = 30
NOTIFICATION_RECEIVES = 40
"""At a visibility time-out of three minutes, two hours in which a receiver of webhooks may be down."""

GATEWAY_TIMEOUT_SECONDS = 10

SERVICES_WITHOUT_NAT = ("sns", "sqs", "secretsmanager")
"""Services the functions call besides DynamoDB and S3, whose gateway endpoints cost nothing."""


class PaymentsStack(TerraformStack):
    """The whole pipeline of one environment.

    Args:
        settings: what may differ between two environments.
        root: folder that holds ``functions`` and ``layers``.
    """

    def __init__(self, scope: Construct, id_: str, *, settings: Settings, root: Path) -> None:
        super().__init__(scope, id_)
        self.settings = settings
        add_provider(self, settings)
        add_state_backend(self, settings)
        self._lay_ground(root)
        self._keep_data()
        self._add_functions()
        self._serve()
        self._allow()
        self._connect()
        self.monitoring = watch(self, runbook=root / "docs" / "runbook.md")
        self._tell_names()
        guard(self, retain_data=settings.profile.retain_data)

    def _lay_ground(self, root: Path) -> None:
        profile = self.settings.profile
        self.naming = Naming(project=PROJECT, suffix=self.settings.environment_suffix)
        self.place = Place(self, "place")
        self.keys = Encryption(
            self,
            "encryption",
            naming=self.naming,
            place=self.place,
            shared=self.settings.shared_key,
            deletion_window_days=30 if profile.retain_data else 7,
        )
        self.network = Network(
            self,
            "network",
            naming=self.naming,
            place=self.place,
            key=self.keys.logs,
            cidr=self.settings.vpc_cidr,
            zones=self.settings.zones,
            flow_log_retention_days=profile.log_retention_days,
            interface_endpoints=SERVICES_WITHOUT_NAT if self.settings.nat is NatMode.NONE else (),
        )
        self.alarms = self._topic("alarms", self.settings.alarm_email)
        self.alarms.allow_alarms()
        self.nat = Nat(
            self,
            "nat",
            mode=self.settings.nat,
            naming=self.naming,
            place=self.place,
            network=self.network,
            image_id=self.settings.nat_image_id,
            notify=[self.alarms.arn],
        )
        self.code = Code(
            self,
            "code",
            functions_folder=root / "functions",
            layer_folder=root / "layers" / "shared" / "python",
            layer_requirements=root / "layers" / "shared" / "requirements.lock",
        )

    def _keep_data(self) -> None:
        protected = self.settings.profile.retain_data
        self.payments = PaymentsTable(
            self, "payments", naming=self.naming, key=self.keys.data, deletion_protection=protected
        )
        self.audit = AuditTable(self, "audit", naming=self.naming, key=self.keys.data, deletion_protection=protected)
        self.processing = self._pipeline("processing", consumer_timeout_seconds=PROCESSOR_TIMEOUT_SECONDS)
        self.notification = self._pipeline(
            "notification", consumer_timeout_seconds=NOTIFIER_TIMEOUT_SECONDS, max_receives=NOTIFICATION_RECEIVES
        )
        self.undispatched = self._dead_letters("dispatcher")
        self.unaudited = self._dead_letters("auditor")
        self.customers = self._topic("customers", self.settings.customer_email)
        self.webhook_secret = self._secret(
            "webhook", "Signs webhooks: whsec_ and the base64 of 24 to 64 random bytes", self.settings.webhook_url
        )
        self.gateway_secret = self._secret("gateway", "Bearer token of the payment gateway", self.settings.gateway_url)
        self.ledger = (
            None
            if self.settings.gateway_url
            else GatewaySimulatorLedger(self, "ledger", naming=self.naming, key=self.keys.data)
        )

    def _add_functions(self) -> None:
        workers = Workers(
            scope=self,
            naming=self.naming,
            place=self.place,
            keys=self.keys,
            code=self.code,
            layer=Layer(self, "layer", part="shared", naming=self.naming, code=self.code.layer()),
            network=self.network.attachment,
            log_retention_days=self.settings.profile.log_retention_days,
        )
        payments, audit = {"PAYMENTS_TABLE": self.payments.name}, {"AUDIT_TABLE": self.audit.name}
        processing = {"PROCESSING_QUEUE_URL": self.processing.url}
        notification = {"NOTIFICATION_QUEUE_URL": self.notification.url}
        self.validator = workers.worker(
            "validator",
            timeout_seconds=15,
            environment={**payments, "OPEN_DEADLINE_SECONDS": str(OPEN_DEADLINE_SECONDS)},
        )
        self.query = workers.worker("query", timeout_seconds=15, environment={**payments, **audit})
        self.dispatcher = workers.worker("dispatcher", timeout_seconds=30, environment={**processing, **notification})
        self.auditor = workers.worker("auditor", timeout_seconds=30, environment=audit)
        self.processor = workers.worker(
            "processor",
            timeout_seconds=PROCESSOR_TIMEOUT_SECONDS,
            environment={
                **payments,
                **self._gateway_variables(),
                "LEASE_SECONDS": str(PROCESSOR_TIMEOUT_SECONDS + LEASE_MARGIN_SECONDS),
            },
        )
        self.notifier = workers.worker(
            "notifier",
            timeout_seconds=NOTIFIER_TIMEOUT_SECONDS,
            environment={**payments, "CUSTOMER_TOPIC_ARN": self.customers.arn, **self._webhook_variables()},
        )
        self.sweeper = workers.worker("sweeper", timeout_seconds=45, environment={**payments, **processing})
        self.functions = {
            "validator": self.validator,
            "query": self.query,
            "dispatcher": self.dispatcher,
            "auditor": self.auditor,
            "processor": self.processor,
            "notifier": self.notifier,
            "sweeper": self.sweeper,
        }

    def _serve(self) -> None:
        profile = self.settings.profile
        firewall = (
            WebAcl(
                self,
                "firewall",
                naming=self.naming,
                place=self.place,
                key=self.keys.logs,
                requests_per_address=2 * 300 * profile.requests_per_second,
                log_retention_days=profile.log_retention_days,
            )
            if profile.web_acl
            else None
        )
        self.api = Api(
            self,
            "api",
            naming=self.naming,
            place=self.place,
            key=self.keys.logs,
            models={"PaymentRequest": json.dumps(gateway_model())},
            routes=[
                Route(method="POST", path="/payments", function=self.validator, body_model="PaymentRequest"),
                Route(method="GET", path="/payments", function=self.query),
                Route(method="GET", path="/payments/{payment_id}", function=self.query),
                Route(method="GET", path="/payments/{payment_id}/events", function=self.query),
            ],
            limits=Limits(
                requests_per_second=profile.requests_per_second,
                burst_requests=profile.burst_requests,
                requests_per_day=profile.requests_per_day,
            ),
            log_retention_days=profile.log_retention_days,
            web_acl=firewall,
            log_role=ApiLogRole(self, "api_log_role", naming=self.naming) if self.settings.api_log_role else None,
        )

    def _allow(self) -> None:
        self.payments.grant_create(self.validator.role)
        self.payments.grant_read(self.query.role)
        self.payments.grant_list(self.query.role)
        self.audit.grant_read(self.query.role)
        self.processing.grant_send(self.dispatcher.role)
        self.notification.grant_send(self.dispatcher.role)
        self.audit.grant_append(self.auditor.role)
        self.payments.grant_read(self.processor.role)
        self.payments.grant_advance(self.processor.role)
        self.payments.grant_read(self.notifier.role)
        self.customers.grant_publish(self.notifier.role)
        self.payments.grant_find_overdue(self.sweeper.role)
        self.processing.grant_send(self.sweeper.role)
        if self.ledger:
            self.ledger.grant_use(self.processor.role)
        if self.gateway_secret:
            self.gateway_secret.grant_read(self.processor.role)
        if self.webhook_secret:
            self.webhook_secret.grant_read(self.notifier.role)

    def _connect(self) -> None:
        StreamSource(
            self,
            "dispatching",
            function=self.dispatcher,
            table=self.payments,
            failures=self.undispatched,
            filters=[PAYMENTS_ONLY],
        )
        StreamSource(
            self,
            "auditing",
            function=self.auditor,
            table=self.payments,
            failures=self.unaudited,
            filters=[PAYMENTS_ONLY],
        )
        QueueSource(
            self,
            "charging",
            function=self.processor,
            pipeline=self.processing,
            maximum_concurrency=self.settings.profile.processor_concurrency,
        )
        QueueSource(self, "notifying", function=self.notifier, pipeline=self.notification, maximum_concurrency=10)
        Schedule(self, "sweeping", part="sweeper", naming=self.naming, function=self.sweeper)

    def _tell_names(self) -> None:
        for name, value in {
            "api_url": self.api.invoke_url,
            "api_key_id": self.api.key_id,
            "payments_table_name": self.payments.name,
            "audit_table_name": self.audit.name,
            "processing_queue_url": self.processing.url,
            "notification_queue_url": self.notification.url,
            "processing_dead_letter_queue_url": self.processing.dead_letters.url,
            "notification_dead_letter_queue_url": self.notification.dead_letters.url,
            "dispatcher_dead_letter_queue_url": self.undispatched.url,
            "auditor_dead_letter_queue_url": self.unaudited.url,
            "customer_topic_arn": self.customers.arn,
            "alarm_topic_arn": self.alarms.arn,
            "vpc_id": self.network.vpc_id,
            "nat_public_ips": self.nat.public_ips,
            "webhook_secret_name": self.webhook_secret.name if self.webhook_secret else None,
            "gateway_secret_name": self.gateway_secret.name if self.gateway_secret else None,
            "gateway_ledger_table_name": self.ledger.name if self.ledger else None,
        }.items():
            if value is not None:
                TerraformOutput(self, name, value=value).override_logical_id(name)

    def _gateway_variables(self) -> dict[str, str]:
        retention = {"GATEWAY_KEY_RETENTION_SECONDS": str(self.settings.gateway_key_retention_hours * 3600)}
        if self.ledger:
            return {**retention, "GATEWAY": "simulator", "GATEWAY_LEDGER_TABLE": self.ledger.name}
        return {
            **retention,
            "GATEWAY": "http",
            "GATEWAY_URL": self.settings.gateway_url or "",
            "GATEWAY_SECRET_ARN": self.gateway_secret.arn if self.gateway_secret else "",
            "GATEWAY_TIMEOUT_SECONDS": str(GATEWAY_TIMEOUT_SECONDS),
        }

    def _webhook_variables(self) -> dict[str, str]:
        if not self.settings.webhook_url or not self.webhook_secret:
            return {}
        return {"WEBHOOK_URL": self.settings.webhook_url, "WEBHOOK_SECRET_ARN": self.webhook_secret.arn}

    def _pipeline(self, part: str, *, consumer_timeout_seconds: int, max_receives: int = 5) -> Pipeline:
        return Pipeline(
            self,
            part,
            part=part,
            naming=self.naming,
            place=self.place,
            key=self.keys.queues,
            consumer_timeout_seconds=consumer_timeout_seconds,
            max_receives=max_receives,
        )

    def _dead_letters(self, part: str) -> DeadLetters:
        return DeadLetters(
            self, f"{part}_dead_letters", part=part, naming=self.naming, place=self.place, key=self.keys.queues
        )

    def _topic(self, part: str, email: str | None) -> Topic:
        return Topic(
            self,
            part,
            part=part,
            naming=self.naming,
            place=self.place,
            key=self.keys.queues,
            emails=[email] if email else [],
        )

    def _secret(self, part: str, description: str, url: str | None) -> Secret | None:
        if url is None:
            return None
        return Secret(
            self,
            f"{part}_secret",
            part=part,
            naming=self.naming,
            key=self.keys.data,
            description=description,
            recovery_window_days=30 if self.settings.profile.retain_data else 0,
        )
