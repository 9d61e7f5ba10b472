"""What only operators and the one function that needs it may know."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cdktf_cdktf_provider_aws.secretsmanager_secret import SecretsmanagerSecret
from constructs import Construct

from payments_infra.constructs.limits import refuse_out_of_range

if TYPE_CHECKING:
    from payments_infra.constructs.encryption import Key
    from payments_infra.constructs.iam import Role
    from payments_infra.constructs.naming import Naming


class Secret(Construct):
    """A secret an operator puts in by hand: its value is never in the code, the state or a plan.

    Args:
        part: whose secret it is, kebab-case.
        naming: names the secret.
        key: encrypts it; its permission comes along with the grant.
        description: what to put in, for the operator.
        recovery_window_days: how long a deleted secret can be brought back (7 to 30), or 0 for not at all, so that an
            environment can be made again under the same name at once.

    Raises:
        ValueError: ``recovery_window_days`` is nothing Secrets Manager takes.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        part: str,
        naming: Naming,
        key: Key,
        description: str,
        recovery_window_days: int = 30,
    ) -> None:
        super().__init__(scope, id_)
        if recovery_window_days:
            refuse_out_of_range("recovery_window_days", recovery_window_days, 7, 30)
        self._key = key
        self.secret = SecretsmanagerSecret(
            self,
            "secret",
            name=naming.name(part),
            description=description,
            kms_key_id=key.arn,
            recovery_window_in_days=recovery_window_days,
        )

    @property
    def name(self) -> str:
        """Name of the secret (a reference)."""
        return str(self.secret.name)

    @property
    def arn(self) -> str:
        """ARN of the secret."""
        return str(self.secret.arn)

    def grant_read(self, role: Role) -> None:
        """Let ``role`` read the secret's value."""
        role.allow("secretsmanager:GetSecretValue", on=self.arn)
        self._key.grant_decrypt(role, through="secretsmanager")
