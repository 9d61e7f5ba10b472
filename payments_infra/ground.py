"""What everything of one environment stands on: names, keys, network, code, and the topic of its alarms."""

from __future__ import annotations

from typing import TYPE_CHECKING

from payments_infra.constructs.code import Code
from payments_infra.constructs.dead_letters import DeadLetters
from payments_infra.constructs.encryption import Encryption
from payments_infra.constructs.naming import Naming
from payments_infra.constructs.nat import Nat, NatMode
from payments_infra.constructs.network import Network
from payments_infra.constructs.notifications import Topic
from payments_infra.constructs.pipeline import Pipeline
from payments_infra.constructs.place import Place
from payments_infra.settings import PROJECT

if TYPE_CHECKING:
    from pathlib import Path

    from constructs import Construct

    from payments_infra.settings import Settings

SERVICES_WITHOUT_NAT = ("secretsmanager", "sns", "sqs", "states")
"""Services the functions call besides DynamoDB and S3, whose gateway endpoints cost nothing."""


class Ground:
    """Names, place, keys, network and code of one environment; makes queues and topics on its keys.

    Args:
        scope: the stack.
        settings: what may differ between two environments.
        root: folder that holds ``functions`` and ``layers``.
    """

    def __init__(self, scope: Construct, *, settings: Settings, root: Path) -> None:
        self.scope = scope
        self.settings = settings
        self.naming = Naming(project=PROJECT, suffix=settings.environment_suffix)
        self.place = Place(scope, "place")
        self.keys = Encryption(
            scope,
            "encryption",
            naming=self.naming,
            place=self.place,
            shared=settings.shared_key,
            deletion_window_days=30 if settings.profile.retain_data else 7,
        )
        self.network = self._network()
        self.alarms = self.topic("alarms", settings.alarm_email)
        self.nat = Nat(
            scope,
            "nat",
            mode=settings.nat,
            naming=self.naming,
            place=self.place,
            network=self.network,
            image_id=settings.nat_image_id,
            notify=[self.alarms],
        )
        self.code = Code(
            scope,
            "code",
            functions_folder=root / "functions",
            layer_folder=root / "layers" / "shared" / "python",
            layer_requirements=root / "layers" / "shared" / "requirements.lock",
        )

    def topic(self, part: str, email: str | None) -> Topic:
        """Return a topic that tells ``email``, where there is one."""
        return Topic(
            self.scope,
            part.replace("-", "_"),
            part=part,
            naming=self.naming,
            place=self.place,
            key=self.keys.queues,
            emails=[email] if email else [],
        )

    def pipeline(self, part: str, *, consumer_timeout_seconds: int, max_receives: int = 5) -> Pipeline:
        """Return a queue with its dead letters."""
        return Pipeline(
            self.scope,
            part,
            part=part,
            naming=self.naming,
            place=self.place,
            key=self.keys.queues,
            consumer_timeout_seconds=consumer_timeout_seconds,
            max_receives=max_receives,
        )

    def dead_letters(self, part: str) -> DeadLetters:
        """Return a queue for what ``part`` gives up."""
        return DeadLetters(
            self.scope,
            f"{part}_dead_letters",
            part=part,
            naming=self.naming,
            place=self.place,
            key=self.keys.queues,
        )

    def _network(self) -> Network:
        return Network(
            self.scope,
            "network",
            naming=self.naming,
            place=self.place,
            key=self.keys.logs,
            cidr=self.settings.vpc_cidr,
            zones=self.settings.zones,
            flow_log_retention_days=self.settings.profile.log_retention_days,
            interface_endpoints=SERVICES_WITHOUT_NAT if self.settings.nat is NatMode.NONE else (),
        )
