"""What an execution did, read from its history: which states it entered, what failed there, which way it left."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.state_language import END, FAILURE, TIMED_OUT, Transition, caught_by, given_up, matches, retried, states_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tests.state_language import Definition, State

FAILURES = ("TaskFailed", "TaskTimedOut")


@dataclass
class Visit:
    """One stay in a state: what it was given, and how each attempt of its task ended (None: well)."""

    state: str
    given: Any
    attempts: list[str | None] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class Execution:
    """An execution that has ended."""

    status: str
    error: str | None
    cause: str | None
    visits: list[Visit]
    children: list[Execution]
    output: Any = None

    @property
    def path(self) -> list[str]:
        """The states it went through."""
        return [visit.state for visit in self.visits]

    def given_to(self, state: str) -> Any:  # noqa: ANN401 - any JSON
        """Return what ``state`` was handed when it was first entered."""
        return next(visit.given for visit in self.visits if visit.state == state)

    def transitions(self, definition: Definition) -> set[Transition]:
        """Return every transition of ``definition`` that this execution, or a child of it, made."""
        states = states_of(definition)
        own = set(_made_by(self, states))
        return own.union(*(child.transitions(definition) for child in self.children))


def visits_in(events: Iterable[Any]) -> list[Visit]:
    """Return the visits that ``events`` tell of."""
    visits: list[Visit] = []
    for event in events:
        kind = event["type"]
        if kind.endswith("StateEntered"):
            entered = event["stateEnteredEventDetails"]
            visits.append(Visit(entered["name"], json.loads(entered["input"])))
        elif kind in FAILURES:
            details = event.get("taskFailedEventDetails") or event["taskTimedOutEventDetails"]
            visits[-1].attempts.append(details["error"])
        elif kind == "TaskSucceeded":
            visits[-1].attempts.append(None)
    return visits


def _made_by(execution: Execution, states: dict[str, State]) -> Iterator[Transition]:
    afterwards = [*execution.visits[1:], None]
    for visit, after in zip(execution.visits, afterwards, strict=True):
        state = states[visit.state]
        if after is None and execution.status == "TIMED_OUT":
            yield TIMED_OUT
            return
        left = _way_left(execution, visit, after, state)
        yield from _attempts(visit, state, failed=left.by.startswith(("Catch", "uncaught")), after=after)
        yield left


def _way_left(execution: Execution, visit: Visit, after: Visit | None, state: State) -> Transition:
    if after is None:
        return Transition(visit.state, _end(execution, state), END)
    for catcher in state.get("Catch", ()):
        error = _error_kept(catcher["ResultPath"], visit, after)
        if error and matches(catcher, error):
            assert catcher["Next"] == after.state
            return Transition(visit.state, caught_by(catcher, error), after.state)
    rules = [number for number, rule in enumerate(state.get("Choices", ()), start=1) if rule["Next"] == after.state]
    by = f"Choice {rules[0]}" if rules else "Default" if state["Type"] == "Choice" else "Next"
    return Transition(visit.state, by, after.state)


def _end(execution: Execution, state: State) -> str:
    if state["Type"] in ("Succeed", "Fail"):
        return str(state["Type"])
    return "Next" if execution.status == "SUCCEEDED" else "uncaught"


def _error_kept(result_path: str, visit: Visit, after: Visit) -> str | None:
    name = result_path.removeprefix("$.")
    kept = after.given.get(name)
    return kept.get("Error") if isinstance(kept, dict) and name not in visit.given else None


def _attempts(visit: Visit, state: State, *, failed: bool, after: Visit | None) -> Iterator[Transition]:
    retriers = state.get("Retry", ())
    errors = [error for error in visit.attempts if error]
    if failed and not errors and after is not None:
        # The attempts of a map are not in the history of its execution; its last error is in what was caught.
        errors = [error for rule in state["Catch"] if (error := _error_kept(rule["ResultPath"], visit, after))]
    for retrier in retriers:
        first = [error for error in errors if next((one for one in retriers if matches(one, error)), None) is retrier]
        if failed and errors and errors[-1] in first:
            if visit.attempts:
                assert len(first) == 1 + retrier["MaxAttempts"], f"{visit.state} was tried {len(first)} times"
            yield Transition(visit.state, given_up(retrier, errors[-1]), FAILURE)
        else:
            yield from (Transition(visit.state, retried(retrier, error), visit.state) for error in first)
