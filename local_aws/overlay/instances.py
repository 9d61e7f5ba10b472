"""EC2 instances that keep what they were launched with: MiniStack drops most of a launch request.

AWS gives each instance a primary network interface, and answers with the zone, processor, metadata options and root
volume of the launch (https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_Instance.html). Without these a NAT
instance can't be routed to, and Terraform plans to replace it for ever.
"""

import re
from typing import Any
from xml.sax.saxutils import escape

from ministack.services import ec2

from local_aws.overlay import network_interfaces

Parameters = dict[str, Any]
Record = dict[str, Any]

_METADATA_OPTIONS = {
    "HttpTokens": "optional",
    "HttpPutResponseHopLimit": "1",
    "HttpEndpoint": "enabled",
    "HttpProtocolIpv6": "disabled",
    "InstanceMetadataTags": "disabled",
}


def apply() -> None:
    """Complete each launched instance, show what was added, and give its interface back when it ends."""
    launch, show, terminate = ec2._run_instances, ec2._instance_xml, ec2._terminate_instances

    def launch_completely(parameters: Parameters) -> Any:
        answer = launch(_with_subnet(parameters))
        for instance_id in re.findall(rb"<instanceId>([^<]+)<", answer[2]):
            _complete(ec2._instances[instance_id.decode()], parameters)
        return answer

    def terminate_completely(parameters: Parameters) -> Any:
        for instance_id in ec2._parse_member_list(parameters, "InstanceId"):
            for interface in network_interfaces.attached_to(instance_id):
                del ec2._network_interfaces[interface["NetworkInterfaceId"]]
        return terminate(parameters)

    ec2._ACTION_MAP["RunInstances"] = launch_completely
    ec2._ACTION_MAP["TerminateInstances"] = terminate_completely
    ec2._instance_xml = lambda record: show(record).replace("</tagSet>", f"</tagSet>{_added(record)}")
    show_volume = ec2._volume_inner_xml
    ec2._volume_inner_xml = lambda volume: show_volume(volume) + _added_to_volume(volume)


def _with_subnet(parameters: Parameters) -> Parameters:
    first = "NetworkInterface.1."
    interface = ec2._network_interfaces.get(ec2._p(parameters, f"{first}NetworkInterfaceId"), {})
    subnet = ec2._p(parameters, f"{first}SubnetId") or interface.get("SubnetId")
    return parameters | {"SubnetId": [subnet]} if subnet else parameters


def _complete(instance: Record, parameters: Parameters) -> None:
    interface = _primary_interface(instance, parameters)
    network_interfaces.attach(interface, instance["InstanceId"], 0)
    image = next((view for view in map(_image, ec2._STUB_AMIS) if view["ImageId"] == instance["ImageId"]), {})
    instance["Architecture"] = image.get("Architecture", instance["Architecture"])
    instance["Placement"]["AvailabilityZone"] = interface["AvailabilityZone"]
    instance["SecurityGroups"] = interface["Groups"]
    instance["PrivateIpAddress"] = interface["PrivateIpAddress"]
    instance["MetadataOptions"] = {
        name: ec2._p(parameters, f"MetadataOptions.{name}") or default for name, default in _METADATA_OPTIONS.items()
    }
    instance["EbsOptimized"] = ec2._p(parameters, "EbsOptimized") or "false"
    instance["AutoRecovery"] = ec2._p(parameters, "MaintenanceOptions.AutoRecovery") or "default"
    if ec2._p(parameters, "Monitoring.Enabled") == "true":
        instance["Monitoring"]["State"] = "enabled"
    _complete_root_volume(instance, parameters)


def _primary_interface(instance: Record, parameters: Parameters) -> Record:
    given: Record | None = ec2._network_interfaces.get(ec2._p(parameters, "NetworkInterface.1.NetworkInterfaceId"))
    if given:
        return given
    before = set(ec2._network_interfaces.keys())
    groups = ec2._parse_member_list(parameters, "NetworkInterface.1.SecurityGroupId")
    groups = groups or [group["GroupId"] for group in instance["SecurityGroups"]]
    ec2._create_network_interface(
        {"SubnetId": [instance["SubnetId"]]}
        | {f"SecurityGroupId.{number}": [group] for number, group in enumerate(groups, start=1)}
    )
    (name,) = set(ec2._network_interfaces.keys()) - before
    created: Record = ec2._network_interfaces[name]
    return created


def _complete_root_volume(instance: Record, parameters: Parameters) -> None:
    volume = ec2._volumes[instance["BlockDeviceMappings"][0]["Ebs"]["VolumeId"]]
    asked = {name: ec2._p(parameters, f"BlockDeviceMapping.1.Ebs.{name}") for name in ("VolumeType", "KmsKeyId")}
    volume.update({name: value for name, value in asked.items() if value})
    volume["Size"] = int(ec2._p(parameters, "BlockDeviceMapping.1.Ebs.VolumeSize") or volume["Size"])
    volume["Encrypted"] = ec2._p(parameters, "BlockDeviceMapping.1.Ebs.Encrypted") == "true"
    ec2._parse_tag_specs(parameters, "volume", volume["VolumeId"])
    volume["AvailabilityZone"] = instance["Placement"]["AvailabilityZone"]


def _added(instance: Record) -> str:
    interfaces = network_interfaces.attached_to(instance["InstanceId"])
    if not interfaces:
        return ""
    options = "".join(_element(name, value) for name, value in instance["MetadataOptions"].items())
    return (
        f"<networkInterfaceSet>{''.join(map(ec2._eni_fields_xml, interfaces))}</networkInterfaceSet>"
        f"<metadataOptions><state>applied</state>{options}</metadataOptions>"
        f"<maintenanceOptions>{_element('AutoRecovery', instance['AutoRecovery'])}</maintenanceOptions>"
        f"{_element('EbsOptimized', instance['EbsOptimized'])}"
    )


def _added_to_volume(volume: Record) -> str:
    shown = {name: str(volume[name]) for name in ("KmsKeyId", "Throughput") if volume.get(name)}
    return "".join(_element(name, value) for name, value in shown.items())


def _element(name: str, value: str) -> str:
    tag = name[0].lower() + name[1:]
    return f"<{tag}>{escape(value)}</{tag}>"


def _image(stub: tuple[Any, ...]) -> Record:
    view: Record = ec2._stub_image_view(*stub)
    return view
