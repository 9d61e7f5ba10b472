"""How long a versioned bucket keeps what is in its folders."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cdktf_cdktf_provider_aws.s3_bucket_lifecycle_configuration import (
    S3BucketLifecycleConfiguration,
    S3BucketLifecycleConfigurationRule,
    S3BucketLifecycleConfigurationRuleAbortIncompleteMultipartUpload,
    S3BucketLifecycleConfigurationRuleExpiration,
    S3BucketLifecycleConfigurationRuleFilter,
    S3BucketLifecycleConfigurationRuleNoncurrentVersionExpiration,
)
from constructs import Construct

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cdktf_cdktf_provider_aws.s3_bucket_versioning import S3BucketVersioningA as S3BucketVersioning


@dataclass(frozen=True, kw_only=True)
class Expiry:
    """How long the objects of one folder are kept.

    Args:
        folder: the folder, with the slash at its end.
        days: age in days at which an object goes.
        replaced_days: days after which a version goes that another one replaced.
    """

    folder: str
    days: int
    replaced_days: int


class BucketLifecycle(Construct):
    """Lets objects go by age, and at once what nobody can read: parts of broken uploads, marks of what was deleted.

    Args:
        versioning: the bucket's; the rules speak of versions, so it comes first.
        expiries: one for each folder that is not kept for ever.
    """

    def __init__(
        self, scope: Construct, id_: str, *, versioning: S3BucketVersioning, expiries: Sequence[Expiry]
    ) -> None:
        super().__init__(scope, id_)
        self.configuration = S3BucketLifecycleConfiguration(
            self,
            "configuration",
            bucket=versioning.bucket,
            rule=[_leftovers(), *(_rule(expiry) for expiry in expiries)],
        )


def _leftovers() -> S3BucketLifecycleConfigurationRule:
    return S3BucketLifecycleConfigurationRule(
        id="leftovers",
        status="Enabled",
        filter=[S3BucketLifecycleConfigurationRuleFilter(prefix="")],
        abort_incomplete_multipart_upload=[
            S3BucketLifecycleConfigurationRuleAbortIncompleteMultipartUpload(days_after_initiation=1)
        ],
        expiration=[S3BucketLifecycleConfigurationRuleExpiration(expired_object_delete_marker=True)],
    )


def _rule(expiry: Expiry) -> S3BucketLifecycleConfigurationRule:
    return S3BucketLifecycleConfigurationRule(
        id=expiry.folder.rstrip("/"),
        status="Enabled",
        filter=[S3BucketLifecycleConfigurationRuleFilter(prefix=expiry.folder)],
        expiration=[S3BucketLifecycleConfigurationRuleExpiration(days=expiry.days)],
        noncurrent_version_expiration=[
            S3BucketLifecycleConfigurationRuleNoncurrentVersionExpiration(noncurrent_days=expiry.replaced_days)
        ],
    )
