"""Which execution, and which state's context, the running piece of a workflow belongs to."""

from contextvars import ContextVar
from typing import Any

from ministack.services import stepfunctions

Record = dict[str, Any]

_execution: ContextVar[Record | None] = ContextVar("execution", default=None)
_context: ContextVar[Record | None] = ContextVar("context", default=None)


def enter(execution: Record, context: Record) -> None:
    """Remember both for what this thread, and those it starts, does from now on."""
    _execution.set(execution)
    _context.set(context)


def context() -> Record:
    """Return the context object of the state that is running; empty outside one."""
    return _context.get() or {}


def machine() -> Record | None:
    """Return the state machine whose state is running; None outside one. A map's children belong to the map's."""
    execution = _execution.get()
    if execution is None:
        return None
    found: Record | None = stepfunctions._state_machines.get(execution["stateMachineArn"].split("/")[0])
    return found


def is_over() -> bool:
    """Return whether the execution has ended while this piece of it was running: aborted or out of time."""
    execution = _execution.get()
    return execution is not None and has_ended(execution)


def has_ended(execution: Record) -> bool:
    """Return whether nothing of ``execution`` should run any more."""
    return bool(execution["status"] != "RUNNING")


def stopped() -> Exception:
    """Return what ends a piece of an execution that is over: an error that nothing retries or catches."""
    error: Exception = stepfunctions._ExecutionError("States.Runtime", "the execution has ended")
    return error
