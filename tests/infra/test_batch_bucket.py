from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from payments_infra.constructs.batch_bucket import BatchBucket
from payments_infra.constructs.naming import Naming
from payments_infra.settings import LONGEST_SUFFIX
from tests.infra.ground import ACCOUNT, KEY, REGION, Ground, granted, readable
from tests.infra.template import Body, Template, synthesized

if TYPE_CHECKING:
    from cdktf import TerraformStack

BUCKET = "${aws_s3_bucket.files_bucket.bucket}"
VERSIONED_BUCKET = "${aws_s3_bucket_versioning.files_versioning.bucket}"
BUCKET_ARN = "${aws_s3_bucket.files_bucket.arn}"
MAY_DECRYPT = {"Effect": "Allow", "Action": "kms:Decrypt", "Resource": KEY}
MAY_ENCRYPT = {"Effect": "Allow", "Action": ["kms:Decrypt", "kms:GenerateDataKey"], "Resource": KEY}

GRANTS = ("read_incoming", "read_work", "write_work", "write_rejected", "notice_absence")


@pytest.fixture(scope="module")
def template() -> Template:
    def build(stack: TerraformStack) -> None:
        ground = Ground(stack)
        bucket = BatchBucket(stack, "files", naming=ground.naming, place=ground.place, key=ground.key)
        for grant in GRANTS:
            getattr(bucket, f"grant_{grant}")(ground.role(grant.replace("_", "-")))

    return synthesized(build)


def part_of(template: Template, type_: str) -> Body:
    found: Body = readable(template.only(type_))
    assert found["bucket"] in {BUCKET, VERSIONED_BUCKET}
    return found


def test_the_name_is_no_other_account_or_regions(template: Template) -> None:
    """Defect: Hard-coded places. Bucket names that collide across accounts."""
    assert readable(template.only("aws_s3_bucket"))["bucket"] == f"payments-batch-{ACCOUNT}-{REGION}-dev"


def test_a_bucket_that_holds_files_is_not_deleted_unless_files_may_be_lost(template: Template) -> None:
    def build(stack: TerraformStack) -> None:
        ground = Ground(stack)
        options = {"naming": ground.naming, "place": ground.place, "key": ground.key}
        BatchBucket(stack, "files", **options, deletion_protection=False)  # type: ignore[arg-type]

    assert template.only("aws_s3_bucket")["force_destroy"] is False
    assert synthesized(build).only("aws_s3_bucket")["force_destroy"] is True


def test_an_upload_over_another_keeps_both(template: Template) -> None:
    assert part_of(template, "aws_s3_bucket_versioning")["versioning_configuration"] == {"status": "Enabled"}


def test_objects_are_encrypted_by_the_key_it_was_given_through_a_key_of_the_bucket(template: Template) -> None:
    assert part_of(template, "aws_s3_bucket_server_side_encryption_configuration")["rule"] == [
        {
            "apply_server_side_encryption_by_default": {"kms_master_key_id": KEY, "sse_algorithm": "aws:kms"},
            "bucket_key_enabled": True,
        }
    ]


def test_nothing_in_it_can_be_made_public_and_the_bucket_owns_it_all(template: Template) -> None:
    """Defect: Open doors."""
    closed = part_of(template, "aws_s3_bucket_public_access_block")
    assert {name: value for name, value in closed.items() if name not in {"bucket", "//"}} == dict.fromkeys(
        ("block_public_acls", "block_public_policy", "ignore_public_acls", "restrict_public_buckets"), True
    )
    ownership = part_of(template, "aws_s3_bucket_ownership_controls")
    assert ownership["rule"] == {"object_ownership": "BucketOwnerEnforced"}


def test_plain_text_is_refused_to_everybody(template: Template) -> None:
    """Defect: Open doors."""
    policy = json.loads(part_of(template, "aws_s3_bucket_policy")["policy"])
    assert policy["Statement"] == [
        {
            "Sid": "RefusePlainText",
            "Effect": "Deny",
            "Principal": "*",
            "Action": "s3:*",
            "Resource": [BUCKET_ARN, f"{BUCKET_ARN}/*"],
            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        }
    ]


def test_eventbridge_hears_of_every_upload_from_the_first_version_on(template: Template) -> None:
    events = part_of(template, "aws_s3_bucket_notification")
    assert events["eventbridge"] is True
    assert events["depends_on"] == ["aws_s3_bucket_versioning.files_versioning"]


def test_work_goes_after_a_week_and_uploads_and_reports_after_a_year_unless_told(template: Template) -> None:
    rules = {rule["id"]: rule for rule in part_of(template, "aws_s3_bucket_lifecycle_configuration")["rule"]}
    assert {
        rule["filter"][0]["prefix"]: (
            rule["expiration"][0]["days"],
            rule["noncurrent_version_expiration"][0]["noncurrent_days"],
        )
        for id_, rule in rules.items()
        if id_ != "leftovers"
    } == {"incoming/": (365, 365), "rejected/": (365, 365), "work/": (7, 1)}
    assert {rule["status"] for rule in rules.values()} == {"Enabled"}


def test_broken_uploads_and_marks_of_what_is_gone_go_everywhere(template: Template) -> None:
    rules = part_of(template, "aws_s3_bucket_lifecycle_configuration")["rule"]
    (leftovers,) = [rule for rule in rules if rule["id"] == "leftovers"]
    assert leftovers["filter"] == [{"prefix": ""}]
    assert leftovers["abort_incomplete_multipart_upload"] == [{"days_after_initiation": 1}]
    assert leftovers["expiration"] == [{"expired_object_delete_marker": True}]


def test_reading_an_upload_is_reading_the_version_that_was_told_of(template: Template) -> None:
    assert granted(template, "read-incoming") == [
        {"Effect": "Allow", "Action": "s3:GetObjectVersion", "Resource": f"{BUCKET_ARN}/incoming/*"},
        MAY_DECRYPT,
    ]


def test_each_other_grant_is_one_use_of_one_folder(template: Template) -> None:
    """Defect: Too much permission."""
    writes = ["s3:AbortMultipartUpload", "s3:PutObject"]
    for grant, action, folder, key in (
        ("read-work", "s3:GetObject", "work", MAY_DECRYPT),
        ("write-work", writes, "work", MAY_ENCRYPT),
        ("write-rejected", writes, "rejected", MAY_ENCRYPT),
    ):
        assert granted(template, grant) == [
            {"Effect": "Allow", "Action": action, "Resource": f"{BUCKET_ARN}/{folder}/*"},
            key,
        ]
    assert granted(template, "notice-absence") == [
        {"Effect": "Allow", "Action": "s3:ListBucket", "Resource": BUCKET_ARN}
    ]


def build_named(suffix: str) -> Template:
    def build(stack: TerraformStack) -> None:
        ground = Ground(stack)
        naming = Naming(project="payments", suffix=suffix)
        BatchBucket(stack, "files", naming=naming, place=ground.place, key=ground.key)

    return synthesized(build)


def test_the_longest_suffix_an_environment_may_have_fits() -> None:
    assert build_named("s" * LONGEST_SUFFIX).resources("aws_s3_bucket")


def test_a_name_too_long_in_the_longest_region_is_refused_at_synth() -> None:
    with pytest.raises(ValueError, match="AWS allows 63: use an environment suffix of at most 20"):
        build_named("s" * (LONGEST_SUFFIX + 1))


def test_uploads_are_kept_at_least_as_long_as_work_on_them() -> None:
    def build(stack: TerraformStack) -> None:
        ground = Ground(stack)
        with pytest.raises(ValueError, match="retention_days must be between 7 and 36500, got 6"):
            BatchBucket(stack, "files", naming=ground.naming, place=ground.place, key=ground.key, retention_days=6)

    synthesized(build)


def test_a_stack_can_hold_two_buckets() -> None:
    """Defect: Two instances collide."""

    def build(stack: TerraformStack) -> None:
        ground = Ground(stack)
        for part in ("batch", "other"):
            BatchBucket(stack, part, part=part, naming=ground.naming, place=ground.place, key=ground.key)

    buckets = synthesized(build).resources("aws_s3_bucket").values()
    assert len({bucket["bucket"] for bucket in buckets}) == 2
