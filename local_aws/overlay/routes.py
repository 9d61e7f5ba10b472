"""Routes to a network interface: MiniStack knows none and sends such traffic to the local gateway.

AWS: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateRoute.html. A private subnet's way out over a
NAT instance is such a route.
"""

from typing import Any

from ministack.services import ec2

Parameters = dict[str, Any]


def apply() -> None:
    """Let CreateRoute and ReplaceRoute keep the interface."""
    for action in ("CreateRoute", "ReplaceRoute"):
        ec2._ACTION_MAP[action] = _keeping_interface(ec2._ACTION_MAP[action])


def _keeping_interface(change: Any) -> Any:
    def change_route(parameters: Parameters) -> Any:
        answer = change(parameters)
        interface = ec2._p(parameters, "NetworkInterfaceId")
        table = ec2._route_tables.get(ec2._p(parameters, "RouteTableId"))
        if interface and table:
            for route in table["Routes"]:
                if route.get("DestinationCidrBlock") == ec2._p(parameters, "DestinationCidrBlock"):
                    route.pop("GatewayId", None)
                    route["NetworkInterfaceId"] = interface
        return answer

    return change_route
