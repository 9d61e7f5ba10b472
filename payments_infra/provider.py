"""The AWS provider, the default tags and where Terraform keeps its state."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cdktf import LocalBackend, S3Backend
from cdktf_cdktf_provider_aws.provider import AwsProvider, AwsProviderDefaultTags

if TYPE_CHECKING:
    from cdktf import TerraformStack

    from payments_infra.settings import Settings


def default_tags(settings: Settings) -> dict[str, str]:
    """Return the tags every resource carries. None changes from one synth to the next, so no plan shows a change."""
    tags = {
        "Project": "payments",
        "Environment": settings.environment_suffix,
        "ManagedBy": "cdktf",
        "Repository": settings.ownership.repository,
        "CommitAuthor": settings.ownership.commit_author,
        "PRNumber": settings.ownership.pr_number,
        "Team": settings.ownership.team,
        "CostCenter": settings.ownership.cost_center,
    }
    return {name: value for name, value in tags.items() if value}


def add_provider(stack: TerraformStack, settings: Settings) -> AwsProvider:
    """Add the AWS provider of ``settings.region`` with the default tags to ``stack``."""
    # The bindings write the legacy source "aws"; the full address also resolves in a filesystem mirror.
    stack.add_override("terraform.required_providers.aws.source", "hashicorp/aws")
    return AwsProvider(
        stack,
        "aws",
        region=settings.region,
        default_tags=[AwsProviderDefaultTags(tags=default_tags(settings))],
    )


def add_state_backend(stack: TerraformStack, settings: Settings) -> S3Backend | LocalBackend:
    """Keep ``stack``'s state in the settings' S3 bucket, locked natively; without one in a file beside ``main.py``.

    https://developer.hashicorp.com/terraform/language/backend/s3#state-locking
    """
    if settings.state_backend is None:
        # Relative, as CDKTF's own default would write the folder of this checkout into the stack.
        return LocalBackend(stack, path=f"../../../terraform.{stack.node.id}.tfstate")
    backend = S3Backend(
        stack,
        bucket=settings.state_backend.bucket,
        key=f"payments/{settings.environment_suffix}/terraform.tfstate",
        region=settings.state_backend.region,
        encrypt=True,
    )
    # The bindings know no argument for native locking (Terraform 1.10 and later).
    stack.add_override("terraform.backend.s3.use_lockfile", True)  # noqa: FBT003 - the override's value
    return backend
