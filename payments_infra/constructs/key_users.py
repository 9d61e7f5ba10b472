"""CloudWatch Logs as a user of keys: it encrypts in its own name, not a role's."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from payments_infra.constructs.encryption import Key
    from payments_infra.constructs.naming import Naming
    from payments_infra.constructs.place import Place


def let_in_logs(key: Key, naming: Naming, place: Place) -> None:
    """Let CloudWatch Logs use ``key`` for the log groups of this project.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html
    """
    key.allow_service(
        f"logs.{place.region}.{place.domain}",
        "kms:Decrypt",
        "kms:DescribeKey",
        "kms:Encrypt",
        "kms:GenerateDataKey*",
        "kms:ReEncrypt*",
        sid="LogGroups",
        conditions={
            "ArnLike": {"kms:EncryptionContext:aws:logs:arn": place.arn("logs", f"log-group:*{_any_name(naming)}")}
        },
    )


def _any_name(naming: Naming) -> str:
    return f"{naming.project}-*-{naming.suffix}"
