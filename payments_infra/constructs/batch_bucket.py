"""The bucket of batch files: uploads, what the steps of a batch leave for each other, and reports."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cdktf_cdktf_provider_aws.s3_bucket import S3Bucket
from cdktf_cdktf_provider_aws.s3_bucket_notification import S3BucketNotification
from cdktf_cdktf_provider_aws.s3_bucket_ownership_controls import (
    S3BucketOwnershipControls,
    S3BucketOwnershipControlsRule,
)
from cdktf_cdktf_provider_aws.s3_bucket_policy import S3BucketPolicy
from cdktf_cdktf_provider_aws.s3_bucket_public_access_block import S3BucketPublicAccessBlock
from cdktf_cdktf_provider_aws.s3_bucket_server_side_encryption_configuration import (
    S3BucketServerSideEncryptionConfigurationA as S3BucketServerSideEncryptionConfiguration,
)
from cdktf_cdktf_provider_aws.s3_bucket_server_side_encryption_configuration import (
    S3BucketServerSideEncryptionConfigurationRuleA as EncryptionRule,
)
from cdktf_cdktf_provider_aws.s3_bucket_server_side_encryption_configuration import (
    S3BucketServerSideEncryptionConfigurationRuleApplyServerSideEncryptionByDefaultA as EncryptionByDefault,
)
from cdktf_cdktf_provider_aws.s3_bucket_versioning import S3BucketVersioningA as S3BucketVersioning
from cdktf_cdktf_provider_aws.s3_bucket_versioning import S3BucketVersioningVersioningConfiguration
from constructs import Construct

from payments_infra.constructs.bucket_lifecycle import BucketLifecycle, Expiry
from payments_infra.constructs.iam import policy_document, statement
from payments_infra.constructs.limits import refuse_out_of_range

if TYPE_CHECKING:
    from payments_infra.constructs.encryption import Key
    from payments_infra.constructs.iam import Role
    from payments_infra.constructs.naming import Naming
    from payments_infra.constructs.place import Place

INCOMING, WORK, REJECTED = "incoming/", "work/", "rejected/"
"""What the bucket holds: files as uploaded, what steps leave for each other, and reports of rejected rows."""

WORK_DAYS = 7
"""A batch takes a day at most; a week leaves time to look into one that failed."""

_ANY_ACCOUNT, _LONGEST_REGION = "000000000000", "ap-southeast-1"


class BatchBucket(Construct):
    """A private, versioned, encrypted bucket that tells EventBridge of every upload.

    Its name holds account and region, because bucket names are everybody's. Grants are one per folder and use.

    Args:
        naming: names the bucket.
        place: account and region, for the name and the policy.
        key: encrypts every object, by a data key of the bucket; its permissions come along with every grant.
        part: what the bucket holds, kebab-case.
        retention_days: how long uploads and reports are kept; what expired, or was uploaded over, is kept as long
            again, for a run may name it by its version.
        deletion_protection: refuse to delete the bucket while it holds anything; give it up only where files may be
            lost.

    Raises:
        ValueError: the name would be too long for a bucket, or ``retention_days`` is below what a batch needs.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        naming: Naming,
        place: Place,
        key: Key,
        part: str = "batch",
        retention_days: int = 365,
        deletion_protection: bool = True,
    ) -> None:
        super().__init__(scope, id_)
        refuse_out_of_range("retention_days", retention_days, WORK_DAYS, 36_500)
        naming.name(f"{part}-{_ANY_ACCOUNT}-{_LONGEST_REGION}", kind="bucket")
        self._key = key
        self.bucket = S3Bucket(
            self,
            "bucket",
            bucket=f"{naming.project}-{part}-{place.account_id}-{place.region}-{naming.suffix}",
            force_destroy=not deletion_protection,
        )
        self._close()
        self._encrypt()
        versioning = S3BucketVersioning(
            self,
            "versioning",
            bucket=self.name,
            versioning_configuration=S3BucketVersioningVersioningConfiguration(status="Enabled"),
        )
        BucketLifecycle(
            self,
            "lifecycle",
            versioning=versioning,
            expiries=(
                Expiry(folder=INCOMING, days=retention_days, replaced_days=retention_days),
                Expiry(folder=REJECTED, days=retention_days, replaced_days=retention_days),
                Expiry(folder=WORK, days=WORK_DAYS, replaced_days=1),
            ),
        )
        # An upload before there are versions would be told of without one.
        S3BucketNotification(self, "events", bucket=self.name, eventbridge=True, depends_on=[versioning])

    @property
    def name(self) -> str:
        """Name of the bucket (a reference)."""
        return str(self.bucket.bucket)

    @property
    def arn(self) -> str:
        """ARN of the bucket."""
        return str(self.bucket.arn)

    def grant_read_incoming(self, role: Role) -> None:
        """Let ``role`` read uploads, each in the version it was told of."""
        role.allow("s3:GetObjectVersion", on=f"{self.arn}/{INCOMING}*")
        self._key.grant_decrypt(role, through="s3")

    def grant_read_work(self, role: Role) -> None:
        """Let ``role`` read what the steps of a batch leave for each other, and nothing else."""
        role.allow("s3:GetObject", on=f"{self.arn}/{WORK}*")
        self._key.grant_decrypt(role, through="s3")

    def grant_write_work(self, role: Role) -> None:
        """Let ``role`` leave something for a later step, in parts if need be."""
        self._grant_write(role, WORK)

    def grant_write_rejected(self, role: Role) -> None:
        """Let ``role`` write reports of rejected rows, in parts if need be."""
        self._grant_write(role, REJECTED)

    def grant_notice_absence(self, role: Role) -> None:
        """Let ``role`` be told that an object is not there; without this S3 says 403 instead of 404.

        https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadObject.html
        """
        role.allow("s3:ListBucket", on=self.arn)

    def _grant_write(self, role: Role, folder: str) -> None:
        # Uploading in parts asks for Decrypt too: S3 reads the parts again to put them together.
        # https://docs.aws.amazon.com/AmazonS3/latest/userguide/mpuoverview.html
        role.allow("s3:AbortMultipartUpload", "s3:PutObject", on=f"{self.arn}/{folder}*")
        self._key.grant_encrypt(role, through="s3")

    def _close(self) -> None:
        S3BucketOwnershipControls(
            self,
            "ownership",
            bucket=self.name,
            rule=S3BucketOwnershipControlsRule(object_ownership="BucketOwnerEnforced"),
        )
        closed = S3BucketPublicAccessBlock(
            self,
            "public_access",
            bucket=self.name,
            block_public_acls=True,
            block_public_policy=True,
            ignore_public_acls=True,
            restrict_public_buckets=True,
        )
        S3BucketPolicy(
            self,
            "policy",
            bucket=self.name,
            policy=policy_document(
                statement(
                    "s3:*",
                    sid="RefusePlainText",
                    effect="Deny",
                    principal="*",
                    on=[self.arn, f"{self.arn}/*"],
                    conditions={"Bool": {"aws:SecureTransport": "false"}},
                )
            ),
            # S3 refuses to change both at the same time.
            depends_on=[closed],
        )

    def _encrypt(self) -> None:
        S3BucketServerSideEncryptionConfiguration(
            self,
            "encryption",
            bucket=self.name,
            rule=[
                EncryptionRule(
                    apply_server_side_encryption_by_default=EncryptionByDefault(
                        sse_algorithm="aws:kms", kms_master_key_id=self._key.arn
                    ),
                    bucket_key_enabled=True,
                )
            ],
        )
