from __future__ import annotations

import json

from cdktf import TerraformStack
from cdktf import Testing as CdktfTesting

from payments_infra.provider import add_provider, add_state_backend
from payments_infra.settings import Settings
from tests.infra.template import Template


def template(**environment: str) -> Template:
    stack = TerraformStack(CdktfTesting.app(), "stack")
    settings = Settings.from_environment(environment)
    add_provider(stack, settings)
    add_state_backend(stack, settings)
    return Template(json.loads(CdktfTesting.synth(stack)))


def default_tags(**environment: str) -> object:
    return template(**environment).json["provider"]["aws"][0]["default_tags"][0]["tags"]


def test_the_provider_works_in_the_region_of_the_settings() -> None:
    assert template(AWS_REGION="eu-west-1").json["provider"]["aws"][0]["region"] == "eu-west-1"


def test_the_provider_is_named_by_its_full_address_and_pinned() -> None:
    required = template().json["terraform"]["required_providers"]["aws"]
    assert required["source"] == "hashicorp/aws"
    assert required["version"] == "6.25.0"


def test_every_resource_is_tagged_with_its_owner_and_no_tag_depends_on_the_clock() -> None:
    """Defect: Perpetual diffs."""
    assert default_tags(
        ENVIRONMENT_SUFFIX="pr-7",
        REPOSITORY="acme/payments",
        COMMIT_AUTHOR="Ada",
        PR_NUMBER="7",
        TEAM="checkout",
        COST_CENTER="4711",
    ) == {
        "Project": "payments",
        "Environment": "pr-7",
        "ManagedBy": "cdktf",
        "Repository": "acme/payments",
        "CommitAuthor": "Ada",
        "PRNumber": "7",
        "Team": "checkout",
        "CostCenter": "4711",
    }


def test_an_unknown_owner_makes_no_empty_tags() -> None:
    assert default_tags() == {"Project": "payments", "Environment": "dev", "ManagedBy": "cdktf"}


def test_state_stays_in_a_file_beside_the_app_unless_a_bucket_is_named() -> None:
    """Defect: Hard-coded places."""
    assert template().json["terraform"]["backend"] == {"local": {"path": "../../../terraform.stack.tfstate"}}


def test_a_state_bucket_keeps_each_environment_apart_encrypted_and_locked_natively() -> None:
    backend = template(
        ENVIRONMENT_SUFFIX="pr-7", TERRAFORM_STATE_BUCKET="acme-states", TERRAFORM_STATE_BUCKET_REGION="us-west-2"
    ).json["terraform"]["backend"]["s3"]
    assert backend == {
        "bucket": "acme-states",
        "key": "payments/pr-7/terraform.tfstate",
        "region": "us-west-2",
        "encrypt": True,
        "use_lockfile": True,
    }
