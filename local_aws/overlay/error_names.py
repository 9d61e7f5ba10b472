"""The name of an error is its exception's class; MiniStack calls every one `Runtime.HandlerError`.

AWS: https://docs.aws.amazon.com/lambda/latest/dg/python-exceptions.html ("errorType"). Step Functions retries and
catches by that name. A process that ended is a `Runtime.ExitError`.
"""

import threading
from typing import Any

from ministack.core import lambda_runtime
from ministack.services import lambda_svc

_ANSWER = '"error": str(e), "trace": traceback.format_exc()'
_NAMED_ANSWER = f'{_ANSWER}, "error_type": type(e).__name__'

_DIED = "Worker process died"
_EXIT = {"errorType": "Runtime.ExitError", "errorMessage": "Error: Runtime exited with error: signal: killed"}

_latest = threading.local()


def apply() -> None:
    """Let workers tell the class, and put it into the function's error.

    Raises:
        RuntimeError: MiniStack's worker script is not the one this patch knows.
    """
    script = lambda_runtime._PYTHON_WORKER_SCRIPT
    if script.count(_ANSWER) != 1:
        raise RuntimeError("MiniStack's worker script has changed: see whether it names errors by their class now")
    lambda_runtime._PYTHON_WORKER_SCRIPT = script.replace(_ANSWER, _NAMED_ANSWER)
    invoke, execute = lambda_runtime.Worker.invoke, lambda_svc._execute_function_warm

    def invoke_and_remember(worker: Any, *arguments: Any, **options: Any) -> dict[str, Any]:
        answer: dict[str, Any] = invoke(worker, *arguments, **options)
        _latest.answer = answer
        return answer

    def execute_and_name(*arguments: Any) -> dict[str, Any]:
        _latest.answer = {}
        result: dict[str, Any] = execute(*arguments)
        if result.get("error") and "error_type" in _latest.answer:
            trace = _latest.answer["trace"].splitlines(keepends=True)
            result["body"] |= {"errorType": _latest.answer["error_type"], "stackTrace": trace}
        elif result.get("error") and _latest.answer.get("error") == _DIED:
            result["body"] |= _EXIT
        return result

    lambda_runtime.Worker.invoke = invoke_and_remember
    lambda_svc._execute_function_warm = execute_and_name
