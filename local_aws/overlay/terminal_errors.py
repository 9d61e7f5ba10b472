"""Errors that end an execution whatever its states catch; in MiniStack States.ALL retries and catches them.

AWS: https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html#error-handling-error-representation:
States.Runtime can't be retried or caught at all, States.DataLimitExceeded only by its own name.
"""

from ministack.services import stepfunctions


def apply() -> None:
    """Let retriers and catchers pass them by."""
    match = stepfunctions._error_matches

    def match_unless_terminal(names: list[str], error: str) -> bool:
        if error == "States.Runtime":
            return False
        if error == "States.DataLimitExceeded":
            return error in names
        return bool(match(names, error))

    stepfunctions._error_matches = match_unless_terminal
