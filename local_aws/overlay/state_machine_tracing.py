"""Whether a state machine is traced, which MiniStack neither keeps nor shows.

AWS: https://docs.aws.amazon.com/step-functions/latest/apireference/API_DescribeStateMachine.html
("tracingConfiguration"). Terraform would plan it again every time.
"""

from typing import Any

from ministack.services import stepfunctions

Record = dict[str, Any]

_NAME = "tracingConfiguration"


def apply() -> None:
    """Keep it at creation and at changes; what MiniStack keeps of a machine it shows."""
    create, update = stepfunctions._create_state_machine, stepfunctions._update_state_machine

    def create_completely(data: Record) -> Any:
        known = set(stepfunctions._state_machines.keys())
        answer = create(data)
        for arn in set(stepfunctions._state_machines.keys()) - known:
            stepfunctions._state_machines[arn][_NAME] = data.get(_NAME) or {"enabled": False}
        return answer

    def update_completely(data: Record) -> Any:
        answer = update(data)
        changed = stepfunctions._state_machines.get(data.get("stateMachineArn"))
        if answer[0] == 200 and changed and _NAME in data:  # noqa: PLR2004 - HTTP's "OK"
            changed[_NAME] = data[_NAME]
        return answer

    stepfunctions._create_state_machine = create_completely
    stepfunctions._update_state_machine = update_completely
