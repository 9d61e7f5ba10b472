"""Network interfaces that can be changed and asked for by filter, which MiniStack's cannot.

AWS: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_ModifyNetworkInterfaceAttribute.html. Terraform turns
the source and destination check of a NAT interface off by it, and finds an instance's interfaces by attachment.
"""

from typing import Any

from ministack.services import ec2

Parameters = dict[str, Any]
Record = dict[str, Any]


def apply() -> None:
    """Add ModifyNetworkInterfaceAttribute, filters to DescribeNetworkInterfaces, and tags at creation."""
    ec2._ACTION_MAP["CreateNetworkInterface"] = _create
    ec2._ACTION_MAP["ModifyNetworkInterfaceAttribute"] = _modify
    ec2._ACTION_MAP["DescribeNetworkInterfaces"] = _describe


def attach(record: Record, instance_id: str, device_index: int) -> None:
    """Mark an interface as an instance's."""
    ec2._attach_network_interface(
        {
            "NetworkInterfaceId": record["NetworkInterfaceId"],
            "InstanceId": instance_id,
            "DeviceIndex": str(device_index),
        }
    )


def attached_to(instance_id: str) -> list[Record]:
    """Return an instance's interfaces, the primary one first."""
    attached = [record for record in ec2._network_interfaces.values() if _owner(record) == instance_id]
    return sorted(attached, key=lambda record: int(record["Attachment"]["DeviceIndex"]))


def _create(parameters: Parameters) -> Any:
    known = set(ec2._network_interfaces.keys())
    answer = ec2._create_network_interface(parameters)
    for name in set(ec2._network_interfaces.keys()) - known:
        ec2._parse_tag_specs(parameters, "network-interface", name)
    return answer


def _modify(parameters: Parameters) -> Any:
    record = ec2._network_interfaces.get(ec2._p(parameters, "NetworkInterfaceId"))
    if record is None:
        return ec2._error("InvalidNetworkInterfaceID.NotFound", "The network interface does not exist", 400)
    if check := ec2._p(parameters, "SourceDestCheck.Value"):
        record["SourceDestCheck"] = check == "true"
    if groups := ec2._parse_member_list(parameters, "SecurityGroupId"):
        record["Groups"] = [{"GroupId": group, "GroupName": _group_name(group)} for group in groups]
    if description := ec2._p(parameters, "Description.Value"):
        record["Description"] = description
    return ec2._xml(200, "ModifyNetworkInterfaceAttributeResponse", "<return>true</return>")


def _describe(parameters: Parameters) -> Any:
    ids = ec2._parse_member_list(parameters, "NetworkInterfaceId")
    filters = ec2._parse_filters(parameters)
    missing = [each for each in ids if each not in ec2._network_interfaces]
    if missing:
        return ec2._error(
            "InvalidNetworkInterfaceID.NotFound", f"The networkInterface ID '{missing[0]}' does not exist", 400
        )
    found = [
        record
        for record in ec2._network_interfaces.values()
        if (not ids or record["NetworkInterfaceId"] in ids) and _matches(record, filters)
    ]
    items = "".join(ec2._eni_fields_xml(record) for record in found)
    return ec2._xml(200, "DescribeNetworkInterfacesResponse", f"<networkInterfaceSet>{items}</networkInterfaceSet>")


def _matches(record: Record, filters: dict[str, list[str]]) -> bool:
    attachment = record.get("Attachment") or {}
    values = {
        "attachment.instance-id": [attachment.get("InstanceId", "")],
        "attachment.attachment-id": [attachment.get("AttachmentId", "")],
        "group-id": [group["GroupId"] for group in record.get("Groups", [])],
        "subnet-id": [record["SubnetId"]],
        "vpc-id": [record["VpcId"]],
        "network-interface-id": [record["NetworkInterfaceId"]],
        "description": [record["Description"]],
    }
    return all(set(wanted) & set(values.get(name, [])) for name, wanted in filters.items())


def _owner(record: Record) -> str | None:
    return (record.get("Attachment") or {}).get("InstanceId")


def _group_name(group: str) -> str:
    return str(ec2._security_groups.get(group, {}).get("GroupName", group))
