"""Instance attributes that can be changed and are read back, where MiniStack refuses the one and invents the other.

AWS: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_ModifyInstanceAttribute.html.
"""

from typing import Any

from ministack.services import ec2

from local_aws.overlay import network_interfaces

Parameters = dict[str, Any]


def apply() -> None:
    """Add ModifyInstanceAttribute, and let DescribeInstanceAttribute tell the truth of user data and source check."""
    describe = ec2._describe_instance_attribute
    ec2._ACTION_MAP["ModifyInstanceAttribute"] = _modify
    ec2._ACTION_MAP["DescribeInstanceAttribute"] = lambda parameters: _describe(parameters) or describe(parameters)


def _modify(parameters: Parameters) -> Any:
    instance = ec2._instances.get(ec2._p(parameters, "InstanceId"))
    if instance is None:
        return ec2._error("InvalidInstanceID.NotFound", "The instance ID does not exist", 400)
    if check := ec2._p(parameters, "SourceDestCheck.Value"):
        instance["SourceDestCheck"] = check == "true"
        for interface in network_interfaces.attached_to(instance["InstanceId"])[:1]:
            interface["SourceDestCheck"] = check == "true"
    if user_data := ec2._p(parameters, "UserData.Value"):
        instance["UserData"] = user_data
    if instance_type := ec2._p(parameters, "InstanceType.Value"):
        instance["InstanceType"] = instance_type
    return ec2._xml(200, "ModifyInstanceAttributeResponse", "<return>true</return>")


def _describe(parameters: Parameters) -> Any | None:
    instance = ec2._instances.get(ec2._p(parameters, "InstanceId"))
    if instance is None:
        return None
    source_check = str(instance["SourceDestCheck"]).lower()
    shown = {
        "userData": f"<userData><value>{instance['UserData']}</value></userData>" if instance["UserData"] else None,
        "sourceDestCheck": f"<sourceDestCheck><value>{source_check}</value></sourceDestCheck>",
    }
    value = shown.get(ec2._p(parameters, "Attribute"))
    if value is None:
        return None
    inner = f"<instanceId>{instance['InstanceId']}</instanceId>{value}"
    return ec2._xml(200, "DescribeInstanceAttributeResponse", inner)
