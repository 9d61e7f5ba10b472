"""Data that one wrong command would take away, where it must be kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

from payments_infra.guardrails.problem import Problem
from payments_infra.guardrails.synthesized import blocks

if TYPE_CHECKING:
    from collections.abc import Iterator

    from payments_infra.guardrails.synthesized import Resource, Synthesized

LONGEST_RECOVERY_DAYS = 30
"""Longest time a deleted key or secret can be brought back, and AWS's default for both.
https://docs.aws.amazon.com/kms/latest/APIReference/API_ScheduleKeyDeletion.html"""


def unretained_data(stack: Synthesized) -> Iterator[Problem]:
    """Find tables, buckets, secrets and keys that can be destroyed for good; for stacks that must retain data."""
    for table in stack.resources("aws_dynamodb_table"):
        if table.body.get("deletion_protection_enabled") is not True:
            yield _unretained(table, "the table can be deleted", "Set deletion_protection_enabled=True")
        if not any(block.get("enabled") for block in blocks(table.body.get("point_in_time_recovery"))):
            yield _unretained(
                table, "the table can't be brought back to a point in time", "Enable point_in_time_recovery"
            )
    for bucket in stack.resources("aws_s3_bucket"):
        if bucket.body.get("force_destroy"):
            yield _unretained(bucket, "the bucket is deleted with all it holds", "Leave force_destroy out")
    for secret in stack.resources("aws_secretsmanager_secret"):
        yield from _brief(secret, "recovery_window_in_days")
    for key in stack.resources("aws_kms_key"):
        yield from _brief(key, "deletion_window_in_days")


def _brief(resource: Resource, argument: str) -> Iterator[Problem]:
    days = resource.number(argument, LONGEST_RECOVERY_DAYS)
    if days is not None and days < LONGEST_RECOVERY_DAYS:
        yield _unretained(
            resource,
            f"once deleted, it can be brought back for {days} days only",
            f"Set {argument} to {LONGEST_RECOVERY_DAYS}",
        )


def _unretained(resource: Resource, what: str, mend: str) -> Problem:
    return Problem(path=resource.path, rule="unretained-data", what=what, mend=mend)
