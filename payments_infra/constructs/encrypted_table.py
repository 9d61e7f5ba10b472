"""What every table here has in common: on-demand, encrypted by a key of ours, restorable, safe from deletion."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cdktf_cdktf_provider_aws.dynamodb_table import (
    DynamodbTable,
    DynamodbTableAttribute,
    DynamodbTableGlobalSecondaryIndex,
    DynamodbTablePointInTimeRecovery,
    DynamodbTableServerSideEncryption,
    DynamodbTableTtl,
)

from payments_infra.constructs.metric import Metric

if TYPE_CHECKING:
    from collections.abc import Sequence

    from constructs import Construct

    from payments_infra.constructs.encryption import Key
    from payments_infra.constructs.iam import Role


@dataclass(frozen=True, kw_only=True)
class Attribute:
    """A key attribute: its name, and whether DynamoDB holds a string (``S``) or a number (``N``)."""

    name: str
    type: str = "S"


@dataclass(frozen=True, kw_only=True)
class LeanIndex:
    """A global index that holds keys only: cheapest to keep, and whoever lists reads items as they are now."""

    name: str
    partition: Attribute
    sort: Attribute


class EncryptedTable:
    """A table paid by request and encrypted by ``key``, whose permission comes along with every other.

    Args:
        scope: the construct the table belongs to.
        id_: its id there.
        name: physical name.
        key: encrypts items, indexes, stream and backups.
        partition: partition key.
        sort: sort key, where items of one partition have an order.
        indexes: further ways to find items.
        deletion_protection: refuse to delete the table, whoever asks.
        point_in_time_recovery: keep every second of the last 35 days restorable.
        streamed: tell readers of every change, with the item before and after.
        expiry_attribute: name of the attribute that says, in epoch seconds, when an item may be forgotten.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        name: str,
        key: Key,
        partition: Attribute,
        sort: Attribute | None = None,
        indexes: Sequence[LeanIndex] = (),
        deletion_protection: bool,
        point_in_time_recovery: bool = True,
        streamed: bool = False,
        expiry_attribute: str | None = None,
    ) -> None:
        self._key = key
        self.resource = DynamodbTable(
            scope,
            id_,
            name=name,
            billing_mode="PAY_PER_REQUEST",
            hash_key=partition.name,
            range_key=sort.name if sort else None,
            attribute=_attributes(partition, sort, indexes),
            global_secondary_index=[_global_index(index) for index in indexes],
            server_side_encryption=DynamodbTableServerSideEncryption(enabled=True, kms_key_arn=key.arn),
            point_in_time_recovery=DynamodbTablePointInTimeRecovery(enabled=point_in_time_recovery),
            deletion_protection_enabled=deletion_protection,
            stream_enabled=streamed or None,
            stream_view_type="NEW_AND_OLD_IMAGES" if streamed else None,
            ttl=DynamodbTableTtl(enabled=True, attribute_name=expiry_attribute) if expiry_attribute else None,
        )

    @property
    def name(self) -> str:
        """Name of the table (a reference)."""
        return str(self.resource.name)

    @property
    def arn(self) -> str:
        """ARN of the table."""
        return str(self.resource.arn)

    @property
    def stream_arn(self) -> str:
        """ARN of the stream of changes, where there is one."""
        return str(self.resource.stream_arn)

    def allow(self, role: Role, *actions: str, index: LeanIndex | None = None) -> None:
        """Let ``role`` do ``actions`` on the items of the table or, where one is named, on the keys in ``index``."""
        self._allow(role, actions, on=f"{self.arn}/index/{index.name}" if index else self.arn)

    def allow_stream(self, role: Role, *actions: str) -> None:
        """Let ``role`` do ``actions`` on the stream."""
        self._allow(role, actions, on=self.stream_arn)

    def metric(self, name: str, label: str) -> Metric:
        """Return the metric ``name``, added up each minute."""
        return Metric(
            namespace="AWS/DynamoDB",
            name=name,
            statistic="Sum",
            dimensions={"TableName": self.name},
            label=f"{self.resource.name_input} {label}",
        )

    def _allow(self, role: Role, actions: Sequence[str], on: str) -> None:
        role.allow(*actions, on=on)
        self._key.grant_decrypt(role, through="dynamodb")


def _attributes(
    partition: Attribute, sort: Attribute | None, indexes: Sequence[LeanIndex]
) -> list[DynamodbTableAttribute]:
    keys = {one.name: one for index in indexes for one in (index.partition, index.sort)}
    keys |= {one.name: one for one in (partition, sort) if one}
    return [DynamodbTableAttribute(name=one.name, type=one.type) for _, one in sorted(keys.items())]


def _global_index(index: LeanIndex) -> DynamodbTableGlobalSecondaryIndex:
    return DynamodbTableGlobalSecondaryIndex(
        name=index.name,
        hash_key=index.partition.name,
        range_key=index.sort.name,
        projection_type="KEYS_ONLY",
    )
