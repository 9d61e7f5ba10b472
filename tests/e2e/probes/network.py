"""Where the network part of MiniStack answers otherwise than EC2."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mypy_boto3_ec2 import EC2Client
    from mypy_boto3_ec2.type_defs import InstanceTypeDef

    from tests.e2e.probes.account import Account

PARAMETER = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-arm64"


def subnet(ec2: EC2Client) -> tuple[str, str]:
    vpc = ec2.create_vpc(CidrBlock="10.7.0.0/16")["Vpc"]["VpcId"]
    return vpc, ec2.create_subnet(VpcId=vpc, CidrBlock="10.7.1.0/24")["Subnet"]["SubnetId"]


def launched(ec2: EC2Client, **options: Any) -> InstanceTypeDef:  # noqa: ANN401 - RunInstances has forty
    _, subnet_id = subnet(ec2)
    started = ec2.run_instances(
        ImageId="ami-0c2023a1b2c3d4e5f", InstanceType="t4g.nano", SubnetId=subnet_id, MinCount=1, MaxCount=1, **options
    )["Instances"][0]["InstanceId"]
    return ec2.describe_instances(InstanceIds=[started])["Reservations"][0]["Instances"][0]


def machine_images(account: Account) -> None:
    """The public parameter of Amazon Linux for arm64 names an image of that processor."""
    image = account.client("ssm").get_parameter(Name=PARAMETER)["Parameter"]["Value"]
    (found,) = account.ec2.describe_images(ImageIds=[image])["Images"]
    assert found["Architecture"] == "arm64"


def network_interfaces(account: Account) -> None:
    """An interface is found by its group, has its tags, and can stop checking addresses."""
    vpc, subnet_id = subnet(account.ec2)
    group = account.ec2.create_security_group(GroupName="probe", Description="probe", VpcId=vpc)["GroupId"]
    made = account.ec2.create_network_interface(
        SubnetId=subnet_id,
        Groups=[group],
        TagSpecifications=[{"ResourceType": "network-interface", "Tags": [{"Key": "of", "Value": "probe"}]}],
    )["NetworkInterface"]["NetworkInterfaceId"]
    account.ec2.create_network_interface(SubnetId=subnet_id)
    account.ec2.modify_network_interface_attribute(NetworkInterfaceId=made, SourceDestCheck={"Value": False})
    filters: Any = [{"Name": "group-id", "Values": [group]}]
    (found,) = account.ec2.describe_network_interfaces(Filters=filters)["NetworkInterfaces"]
    assert (found["NetworkInterfaceId"], found["SourceDestCheck"]) == (made, False)
    assert found["TagSet"] == [{"Key": "of", "Value": "probe"}]


def instances(account: Account) -> None:
    """An instance has a primary interface, and the metadata options and volume it was launched with."""
    found = launched(
        account.ec2,
        MetadataOptions={"HttpTokens": "required"},
        BlockDeviceMappings=[{"DeviceName": "/dev/xvda", "Ebs": {"Encrypted": True}}],
    )
    volume = found["BlockDeviceMappings"][0]["Ebs"]["VolumeId"]
    assert found["NetworkInterfaces"][0]["Attachment"]["DeviceIndex"] == 0
    assert found["MetadataOptions"]["HttpTokens"] == "required"
    assert account.ec2.describe_volumes(VolumeIds=[volume])["Volumes"][0]["Encrypted"]


def instance_attributes(account: Account) -> None:
    """An instance's check of addresses can be turned off, and its user data read."""
    instance = launched(account.ec2, UserData="echo probe")["InstanceId"]
    account.ec2.modify_instance_attribute(InstanceId=instance, SourceDestCheck={"Value": False})
    check = account.ec2.describe_instance_attribute(InstanceId=instance, Attribute="sourceDestCheck")
    user_data = account.ec2.describe_instance_attribute(InstanceId=instance, Attribute="userData")
    assert check["SourceDestCheck"]["Value"] is False
    assert user_data["UserData"]["Value"]


def addresses(account: Account) -> None:
    """An address is tied to an interface, and found by its association alone."""
    _, subnet_id = subnet(account.ec2)
    interface = account.ec2.create_network_interface(SubnetId=subnet_id)["NetworkInterface"]["NetworkInterfaceId"]
    allocations = [account.ec2.allocate_address(Domain="vpc")["AllocationId"] for _ in range(2)]
    association = account.ec2.associate_address(AllocationId=allocations[0], NetworkInterfaceId=interface)
    filters: Any = [{"Name": "association-id", "Values": [association["AssociationId"]]}]
    (found,) = account.ec2.describe_addresses(Filters=filters)["Addresses"]
    assert (found["AllocationId"], found["NetworkInterfaceId"]) == (allocations[0], interface)


def routes(account: Account) -> None:
    """A route can lead to a network interface."""
    vpc, subnet_id = subnet(account.ec2)
    interface = account.ec2.create_network_interface(SubnetId=subnet_id)["NetworkInterface"]["NetworkInterfaceId"]
    table = account.ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]
    account.ec2.create_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", NetworkInterfaceId=interface)
    (found,) = account.ec2.describe_route_tables(RouteTableIds=[table])["RouteTables"]
    assert interface in [route.get("NetworkInterfaceId") for route in found["Routes"]]


def flow_logs(account: Account) -> None:
    """A flow log keeps the role it writes by and its interval."""
    vpc, _ = subnet(account.ec2)
    role = "arn:aws:iam::000000000000:role/flow-logs"
    made = account.ec2.create_flow_logs(
        ResourceIds=[vpc],
        ResourceType="VPC",
        TrafficType="REJECT",
        LogGroupName="probe",
        DeliverLogsPermissionArn=role,
        MaxAggregationInterval=60,
    )["FlowLogIds"]
    (found,) = account.ec2.describe_flow_logs(FlowLogIds=made)["FlowLogs"]
    assert (found["DeliverLogsPermissionArn"], found["MaxAggregationInterval"]) == (role, 60)


def vpc_endpoints(account: Account) -> None:
    """An endpoint keeps the policy it was made with."""
    vpc, _ = subnet(account.ec2)
    policy = '{"Version":"2012-10-17","Statement":[]}'
    service = "com.amazonaws.us-east-1.s3"
    made = account.ec2.create_vpc_endpoint(VpcId=vpc, ServiceName=service, PolicyDocument=policy)
    endpoint = made["VpcEndpoint"]["VpcEndpointId"]
    (found,) = account.ec2.describe_vpc_endpoints(VpcEndpointIds=[endpoint])["VpcEndpoints"]
    assert found["PolicyDocument"] == policy


def security_group_rules(account: Account) -> None:
    """The rule that lets everything out is revoked even when ports are named that it cannot have."""
    vpc, _ = subnet(account.ec2)
    group = account.ec2.create_security_group(GroupName="open", Description="probe", VpcId=vpc)["GroupId"]
    everything: Any = {"IpProtocol": "-1", "FromPort": 0, "ToPort": 0, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
    account.ec2.revoke_security_group_egress(GroupId=group, IpPermissions=[everything])
    (found,) = account.ec2.describe_security_groups(GroupIds=[group])["SecurityGroups"]
    assert found["IpPermissionsEgress"] == []
