"""KMS keys, who may use them, and through which service."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from cdktf_cdktf_provider_aws.kms_alias import KmsAlias
from cdktf_cdktf_provider_aws.kms_key import KmsKey
from constructs import Construct

from payments_infra.constructs.iam import policy_document, statement
from payments_infra.constructs.key_users import let_in_log_groups
from payments_infra.constructs.lazy_text import lazy_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from payments_infra.constructs.iam import Conditions, Role
    from payments_infra.constructs.naming import Naming
    from payments_infra.constructs.place import Place

DATA_SERVICES = ("dynamodb", "s3", "secretsmanager")
"""Services that call KMS in the name of whoever reads or writes tables, objects and secrets."""

QUEUE_SERVICES = ("sns", "sqs")
"""Services that call KMS in the name of whoever sends, receives or publishes. Neither needs a principal for that."""

FUNCTION_SERVICES = ("lambda",)
"""Lambda decrypts a function's environment by a grant it makes when the function is created; no role needs more.
https://docs.aws.amazon.com/kms/latest/developerguide/grants.html"""


class Key(Construct):
    """A symmetric key with an alias, yearly rotation and a policy that names everyone by service and source.

    The account administers the key and delegates to IAM, so a role needs a grant, and one grant is enough.

    Args:
        name: what the alias is called, without ``alias/``.
        description: what the key encrypts, for people.
        place: account and region of the key.
        services: services through which roles may use the key, for example ``sqs``; every grant is limited to the
            one it names, or to all of them. None named means no limit.
        deletion_window_days: how long a deleted key can be brought back (7 to 30).

    Raises:
        ValueError: ``deletion_window_days`` is outside what KMS takes.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        name: str,
        description: str,
        place: Place,
        services: Sequence[str] = (),
        deletion_window_days: int = 30,
    ) -> None:
        super().__init__(scope, id_)
        # https://docs.aws.amazon.com/kms/latest/APIReference/API_ScheduleKeyDeletion.html
        if not 7 <= deletion_window_days <= 30:  # noqa: PLR2004 - the bounds KMS takes
            raise ValueError(f"deletion_window_days must be between 7 and 30, got {deletion_window_days}")
        self._place, self._services = place, tuple(services)
        self._statements: list[dict[str, Any]] = [_administration(place)]
        self._log_groups: list[str] = []
        self.key = KmsKey(
            self,
            "key",
            description=description,
            enable_key_rotation=True,
            deletion_window_in_days=deletion_window_days,
            policy=lazy_text(lambda: policy_document(*self._statements)),
        )
        self.alias = KmsAlias(self, "alias", name=f"alias/{name}", target_key_id=self.key.key_id)

    @cached_property
    def arn(self) -> str:
        """ARN of the key."""
        return str(self.key.arn)

    def grant_encrypt(self, role: Role, *, through: str | None = None) -> None:
        """Let ``role`` encrypt with data keys, and read them back when a service reuses one.

        Args:
            role: who may.
            through: the one of the key's services that asks for it; any of them unless given.

        Raises:
            ValueError: the key is not for that service.
        """
        role.allow("kms:Decrypt", "kms:GenerateDataKey", on=self.arn, conditions=self._limit(through))

    def grant_decrypt(self, role: Role, *, through: str | None = None) -> None:
        """Let ``role`` decrypt, ``through`` one service as for :meth:`grant_encrypt`.

        That is all it takes to read *and* write an encrypted DynamoDB table.

        DynamoDB makes the table's key by its own grant; in the caller's name it only has that key decrypted.
        https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/encryption.howitworks.html
        """
        role.allow("kms:Decrypt", on=self.arn, conditions=self._limit(through))

    def allow_service(self, service: str, *actions: str, sid: str, conditions: Conditions) -> None:
        """Let the service principal ``service`` use the key in its own name, under ``conditions``.

        Conditions may name what is encrypted only by :meth:`Place.arn`: a reference would be a cycle. They are written
        when the stack is synthesized, so that a list in them may grow until then. What was said before is not said
        again.
        """
        said = statement(*sorted(actions), on="*", principal={"Service": service}, conditions=conditions, sid=sid)
        if said not in self._statements:
            self._statements.append(said)

    def allow_log_group(self, name: str) -> None:
        """Let CloudWatch Logs use the key for the log group ``name``.

        Every owner of a log group names its own. A pattern that ends with one environment's suffix would let in
        another's whose suffix ends alike; a key's policy has room for about 200 names (32 KB).
        https://docs.aws.amazon.com/kms/latest/APIReference/API_PutKeyPolicy.html
        """
        if not self._log_groups:
            let_in_log_groups(self, self._log_groups, place=self._place)
        self._log_groups.append(self._place.arn("logs", f"log-group:{name}"))

    def _limit(self, through: str | None) -> Conditions | None:
        if not self._services:
            return None
        if through is not None and through not in self._services:
            raise ValueError(f"through must be one of the key's services {self._services}, got {through!r}")
        services = self._services if through is None else (through,)
        hosts = sorted(f"{service}.{self._place.region}.{self._place.domain}" for service in services)
        return {"StringEquals": {"kms:ViaService": hosts}}


class Encryption(Construct):
    """The keys of one environment: one for each kind of secret, so that no service reaches another's.

    ===========  ==========================================  ==================================================
    key          encrypts                                    lets in by the key's own policy
    ===========  ==========================================  ==================================================
    `data`       tables, buckets, secrets, workflows         CloudWatch Logs' delivery, for a workflow's log; others
                                                             act for the caller or by a grant
    `queues`     queues and topics                           EventBridge and CloudWatch alarms, each only where a
                                                             queue or topic lets it in
    `functions`  environment variables, and all that         the delivery of workflows' logs; Lambda acts by a grant
                 executions of workflows hold
    `logs`       log groups                                  CloudWatch Logs, for each group that its owner names
    ===========  ==========================================  ==================================================

    Args:
        naming: names the aliases.
        place: account and region.
        shared: one key for all four, about $3 a month cheaper. Each service that one of the keys lets in then
            reaches it, still under its own conditions.
        deletion_window_days: how long a deleted key can be brought back (7 to 30).
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        naming: Naming,
        place: Place,
        shared: bool = False,
        deletion_window_days: int = 30,
    ) -> None:
        super().__init__(scope, id_)

        def key(part: str, encrypts: str, services: Sequence[str]) -> Key:
            return Key(
                self,
                part,
                name=naming.name(part, kind="alias"),
                description=f"{encrypts} of {naming.project} {naming.suffix}",
                place=place,
                services=services,
                deletion_window_days=deletion_window_days,
            )

        if shared:
            everything = (*DATA_SERVICES, *QUEUE_SERVICES, *FUNCTION_SERVICES)
            self.data = self.queues = self.functions = self.logs = key("shared", "Everything", everything)
        else:
            self.data = key("data", "Tables, buckets and secrets", DATA_SERVICES)
            self.queues = key("queues", "Queues and topics", QUEUE_SERVICES)
            self.functions = key("functions", "Environment variables and workflows", FUNCTION_SERVICES)
            self.logs = key("logs", "Log groups", ("logs",))


def _administration(place: Place) -> dict[str, Any]:
    """Return the statement that lets the account's IAM policies decide, as KMS recommends.

    Without it a key can become unmanageable for good.
    https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html
    """
    return statement(
        "kms:*",
        sid="AdministeredByTheAccount",
        on="*",
        principal={"AWS": f"arn:{place.partition}:iam::{place.account_id}:root"},
    )
