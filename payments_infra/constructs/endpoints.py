"""Ways from private subnets to AWS services that do not pass through the internet."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cdktf_cdktf_provider_aws.data_aws_vpc_endpoint_service import DataAwsVpcEndpointService
from cdktf_cdktf_provider_aws.vpc_endpoint import VpcEndpoint
from constructs import Construct

from payments_infra.constructs.iam import policy_document, statement
from payments_infra.constructs.traffic import closed_group, let_in_from_group

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cdktf_cdktf_provider_aws.security_group import SecurityGroup

    from payments_infra.constructs.naming import Naming
    from payments_infra.constructs.place import Place


class GatewayEndpoints(Construct):
    """Free endpoints for S3 and DynamoDB in the given route tables.

    They take this account's principals to this account's resources and no others, so a stolen credential can't carry
    data to somebody else's bucket from here. Only private route tables belong here: what public subnets fetch from
    AWS's own buckets, the packages of a NAT instance for one, would be refused.

    Args:
        vpc_id: the VPC.
        route_table_ids: tables that get the routes.
        naming: names the endpoints.
        place: the account.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        vpc_id: str,
        route_table_ids: Sequence[str],
        naming: Naming,
        place: Place,
    ) -> None:
        super().__init__(scope, id_)
        self.endpoints = {
            service: VpcEndpoint(
                self,
                service,
                vpc_id=vpc_id,
                service_name=_service_name(self, service, "Gateway"),
                vpc_endpoint_type="Gateway",
                route_table_ids=list(route_table_ids),
                policy=_within_account(place, f"{service}:*", same_account_resources=True),
                tags={"Name": naming.name(service)},
            )
            for service in ("s3", "dynamodb")
        }


class InterfaceEndpoints(Construct):
    """Endpoints with an address in every private subnet, about $7 a month for each service and zone.

    Args:
        vpc_id: the VPC.
        services: services by their short names, for example ``sqs``.
        subnet_ids: private subnets, one for each zone.
        clients: security group of those that call the services.
        naming: names the endpoints.
        place: the account.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        vpc_id: str,
        services: Sequence[str],
        subnet_ids: Sequence[str],
        clients: SecurityGroup,
        naming: Naming,
        place: Place,
    ) -> None:
        super().__init__(scope, id_)
        group = closed_group(self, "group", vpc_id=vpc_id, name=naming.name("endpoints"), of="Interface endpoints")
        let_in_from_group(self, "clients", group, clients)
        self.endpoints = {
            service: VpcEndpoint(
                self,
                service,
                vpc_id=vpc_id,
                service_name=_service_name(self, service, "Interface"),
                vpc_endpoint_type="Interface",
                subnet_ids=list(subnet_ids),
                security_group_ids=[group.id],
                private_dns_enabled=True,
                policy=_within_account(place, "*"),
                tags={"Name": naming.name(service)},
            )
            for service in services
        }


def _service_name(scope: Construct, service: str, type_: str) -> str:
    # Looked up, because the name's beginning differs between partitions.
    found = DataAwsVpcEndpointService(scope, f"{service}_service", service=service, service_type=type_)
    return str(found.service_name)


def _within_account(place: Place, action: str, *, same_account_resources: bool = False) -> str:
    conditions = {"aws:PrincipalAccount": place.account_id}
    if same_account_resources:
        conditions["aws:ResourceAccount"] = place.account_id
    return policy_document(
        statement(action, sid="OwnAccount", principal="*", on="*", conditions={"StringEquals": conditions})
    )
