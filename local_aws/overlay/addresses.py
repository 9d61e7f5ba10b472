"""Elastic IPs tied to a network interface and found by their association, where MiniStack answers with all of them.

AWS: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeAddresses.html. With two NAT instances
Terraform waits five minutes for the one association it asked for, and fails.
"""

from typing import Any

from ministack.services import ec2

from local_aws.overlay import network_interfaces

Parameters = dict[str, Any]
Record = dict[str, Any]


def apply() -> None:
    """Keep the interface of an association, and honour filters."""
    associate = ec2._associate_address

    def associate_interface(parameters: Parameters) -> Any:
        answer = associate(parameters)
        if address := ec2._addresses.get(ec2._p(parameters, "AllocationId")):
            address["NetworkInterfaceId"] = ec2._p(parameters, "NetworkInterfaceId") or _primary(address)
            address["InstanceId"] = address["InstanceId"] or _instance_of(address)
        return answer

    ec2._ACTION_MAP["AssociateAddress"] = associate_interface
    ec2._ACTION_MAP["DescribeAddresses"] = _describe


def _describe(parameters: Parameters) -> Any:
    ids = ec2._parse_member_list(parameters, "AllocationId")
    filters = ec2._parse_filters(parameters)
    found = [
        address
        for address in ec2._addresses.values()
        if (not ids or address["AllocationId"] in ids) and _matches(address, filters)
    ]
    if ids and not found:
        return ec2._error("InvalidAllocationID.NotFound", f"The allocation ID '{ids[0]}' does not exist", 400)
    return ec2._xml(200, "DescribeAddressesResponse", f"<addressesSet>{''.join(map(_item, found))}</addressesSet>")


def _matches(address: Record, filters: dict[str, list[str]]) -> bool:
    values = {
        "association-id": address.get("AssociationId"),
        "allocation-id": address["AllocationId"],
        "instance-id": address.get("InstanceId"),
        "network-interface-id": address.get("NetworkInterfaceId"),
        "public-ip": address["PublicIp"],
        "domain": address["Domain"],
    }
    return all(values.get(name) in wanted for name, wanted in filters.items())


def _item(address: Record) -> str:
    associated = ("AssociationId", "InstanceId", "NetworkInterfaceId") if address["AssociationId"] else ()
    shown = {name: address.get(name) for name in ("AllocationId", "PublicIp", "Domain", *associated)}
    elements = "".join(
        f"<{name[0].lower()}{name[1:]}>{value}</{name[0].lower()}{name[1:]}>" for name, value in shown.items() if value
    )
    return f"<item>{elements}{ec2._tag_set_xml(address['AllocationId'])}</item>"


def _primary(address: Record) -> str | None:
    interfaces = network_interfaces.attached_to(address["InstanceId"])
    return interfaces[0]["NetworkInterfaceId"] if interfaces else None


def _instance_of(address: Record) -> str | None:
    interface = ec2._network_interfaces.get(address["NetworkInterfaceId"], {})
    return (interface.get("Attachment") or {}).get("InstanceId")
