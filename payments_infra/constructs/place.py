"""Where the stack is deployed: looked up, never written down."""

from __future__ import annotations

from functools import cached_property

from cdktf_cdktf_provider_aws.data_aws_caller_identity import DataAwsCallerIdentity
from cdktf_cdktf_provider_aws.data_aws_partition import DataAwsPartition
from cdktf_cdktf_provider_aws.data_aws_region import DataAwsRegion
from constructs import Construct


class Place(Construct):
    """Partition, region and account of the deployment, as references, each asked of jsii once.

    Lets a policy name a resource by ARN before that resource exists, where a reference would be a cycle.
    """

    def __init__(self, scope: Construct, id_: str) -> None:
        super().__init__(scope, id_)
        self._partition = DataAwsPartition(self, "partition")
        self._region = DataAwsRegion(self, "region")
        self._identity = DataAwsCallerIdentity(self, "identity")

    @cached_property
    def partition(self) -> str:
        """Partition, for example ``aws`` or ``aws-cn``."""
        return str(self._partition.partition)

    @cached_property
    def domain(self) -> str:
        """DNS suffix of the partition, for example ``amazonaws.com``."""
        return str(self._partition.dns_suffix)

    @cached_property
    def region(self) -> str:
        """Region, for example ``eu-central-1``. The provider's 5 and 6 lines share only its ``id``."""
        return str(self._region.id)

    @cached_property
    def account_id(self) -> str:
        """Twelve-digit account number."""
        return str(self._identity.account_id)

    def arn(self, service: str, resource: str) -> str:
        """Return the ARN of ``resource`` of ``service`` in this account and region."""
        return f"arn:{self.partition}:{service}:{self.region}:{self.account_id}:{resource}"
