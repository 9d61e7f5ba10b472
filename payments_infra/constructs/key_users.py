"""CloudWatch Logs as a user of keys: it encrypts in its own name, not a role's."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from payments_infra.constructs.encryption import Key
    from payments_infra.constructs.place import Place


def let_in_log_groups(key: Key, groups: Sequence[str], *, place: Place) -> None:
    """Let CloudWatch Logs use ``key`` for the log groups whose ARNs are in ``groups`` when the stack is synthesized.

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
        conditions={"ArnEquals": {"kms:EncryptionContext:aws:logs:arn": groups}},
    )
