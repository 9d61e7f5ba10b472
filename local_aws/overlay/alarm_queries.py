"""Alarms over the query protocol, which Terraform speaks: MiniStack keeps them whole only in its other protocols.

AWS answers DescribeAlarms with all that PutMetricAlarm was given, in each protocol
(https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_MetricAlarm.html). Without this patch Terraform
plans to change every alarm, every time.
"""

import json
import re
import time
from http import HTTPStatus
from typing import Any
from xml.sax.saxutils import escape

from ministack.services import cloudwatch

Parameters = dict[str, Any]

_ONLY_IN_REQUEST = ("Metrics", "ThresholdMetricId", "EvaluateLowSampleCountPercentile")


def apply() -> None:
    """Answer queries by way of MiniStack's JSON protocol."""
    for name in ("_put_metric_alarm", "_put_composite_alarm", "_describe_alarms"):
        setattr(cloudwatch, name, _by_way_of_json(getattr(cloudwatch, name), name))


def _by_way_of_json(handle: Any, name: str) -> Any:
    action = name.title().replace("_", "")

    def handle_any(parameters: Parameters, data: Parameters, *protocol: bool) -> Any:
        is_query = not any(protocol)
        request = _nested(parameters) if is_query else data
        answer = handle(parameters, request, *((False, True) if is_query else protocol))
        done = answer[0] == HTTPStatus.OK
        if done and action == "PutMetricAlarm":
            _keep_the_rest(request)
        if not is_query:
            return answer
        if not done:
            return handle(parameters, data, *protocol)
        return cloudwatch._xml(
            200, f"{action}Response", f"<{action}Result>{_xml(json.loads(answer[2]))}</{action}Result>"
        )

    return handle_any


def _keep_the_rest(request: Parameters) -> None:
    alarm = cloudwatch._alarms[request["AlarmName"]]
    alarm.update({name: request[name] for name in _ONLY_IN_REQUEST if name in request})
    if "Statistic" not in request:
        alarm["Statistic"] = None
    if "Metrics" in request:
        alarm["Period"] = None


def _nested(parameters: Parameters) -> Parameters:
    """Turn `Dimensions.member.1.Name=a` into `{"Dimensions": [{"Name": "a"}]}`."""
    tree: Parameters = {}
    for key, values in parameters.items():
        *path, last = re.sub(r"\.member\.", ".", key).split(".")
        branch = tree
        for part in path:
            branch = branch.setdefault(part, {})
        branch[last] = _typed(values[0] if isinstance(values, list) else values)
    return dict(_listed(tree).items())


def _listed(tree: Any) -> Any:
    if not isinstance(tree, dict):
        return tree
    values = {key: _listed(value) for key, value in tree.items()}
    if values and all(key.isdigit() for key in values):
        return [values[key] for key in sorted(values, key=int)]
    return values


def _typed(text: str) -> str | bool:
    return {"true": True, "false": False}.get(text, text)


def _xml(value: Any, key: str = "") -> str:
    if isinstance(value, dict):
        shown = {name: each for name, each in value.items() if each is not None}
        return "".join(f"<{name}>{_xml(each, name)}</{name}>" for name, each in shown.items())
    if isinstance(value, list):
        return "".join(f"<member>{_xml(each)}</member>" for each in value)
    if key.endswith("Timestamp") and isinstance(value, int | float):
        return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(value))
    return escape(str(value).lower() if isinstance(value, bool) else str(value))
