"""Definitions in the Amazon States Language as graphs: their states, and every way out of each.

https://states-language.net/spec.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

END = "(end)"
"""Where a state leads that ends its execution."""

FAILURE = "(failure)"
"""Where attempts lead that are used up: to whatever catches it."""

Definition = dict[str, Any]
State = dict[str, Any]


class Transition(NamedTuple):
    """One way out of a state: ``by`` says which of the state's fields leads to the state ``to``."""

    state: str
    by: str
    to: str


TIMED_OUT = Transition("(any)", "the machine's TimeoutSeconds", END)
"""How an execution ends that is cut off wherever it is."""


def states_of(machine: Mapping[str, Any]) -> dict[str, State]:
    """Return every state by its name, those of maps included; names are unique, which a test of its own sees to."""
    found: dict[str, State] = {}
    for name, state in machine["States"].items():
        found |= {name: state} | (states_of(state["ItemProcessor"]) if "ItemProcessor" in state else {})
    return found


def transitions_of(definition: Definition) -> set[Transition]:
    """Return every transition of ``definition``, retries that help or give up and the machine's time-out included."""
    found = {transition for name, state in states_of(definition).items() for transition in _ways_out(name, state)}
    return found | ({TIMED_OUT} if "TimeoutSeconds" in definition else set())


def _ways_out(name: str, state: State) -> Iterator[Transition]:
    if state["Type"] in ("Succeed", "Fail"):
        yield Transition(name, state["Type"], END)
    if "Next" in state or "End" in state:
        yield Transition(name, "Next", state.get("Next", END))
    for number, rule in enumerate(state.get("Choices", ()), start=1):
        yield Transition(name, f"Choice {number}", rule["Next"])
    if "Default" in state:
        yield Transition(name, "Default", state["Default"])
    yield from (Transition(name, by, to) for retrier in state.get("Retry", ()) for by, to in _ends(name, retrier))
    for catcher in state.get("Catch", ()):
        yield from (Transition(name, caught_by(catcher, error), catcher["Next"]) for error in catcher["ErrorEquals"])
    if state["Type"] in ("Task", "Map") and not any(
        "States.ALL" in one["ErrorEquals"] for one in state.get("Catch", ())
    ):
        yield Transition(name, "uncaught", END)


def _ends(name: str, retrier: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for error in retrier["ErrorEquals"]:
        if retrier["MaxAttempts"]:
            yield retried(retrier, error), name
        yield given_up(retrier, error), FAILURE


def retried(retrier: Mapping[str, Any], error: str) -> str:
    """Return how the way is called that leads back into the state, and then on."""
    return f"Retry {_named(retrier, error)}: helped"


def given_up(retrier: Mapping[str, Any], error: str) -> str:
    """Return how the way is called that leads through the last of the attempts into failure.

    Where there are attempts to use up, one error of several that share them stands for all.
    """
    named = ", ".join(retrier["ErrorEquals"]) if retrier["MaxAttempts"] else _named(retrier, error)
    return f"Retry {named}: gave up after {retrier['MaxAttempts']}"


def caught_by(catcher: Mapping[str, Any], error: str) -> str:
    """Return how the way is called that ``catcher`` leads."""
    return f"Catch {_named(catcher, error)}"


def _named(rule: Mapping[str, Any], error: str) -> str:
    return error if error in rule["ErrorEquals"] else "States.ALL"


def longest_pauses_seconds(retrier: Mapping[str, Any]) -> float:
    """Return how long an execution may pause for ``retrier`` altogether; with full jitter it is mostly about half."""
    delays = (retrier["IntervalSeconds"] * retrier["BackoffRate"] ** tries for tries in range(retrier["MaxAttempts"]))
    return float(sum(min(delay, retrier["MaxDelaySeconds"]) for delay in delays))


def matches(rule: Mapping[str, Any], error: str) -> bool:
    """Return whether a retrier or a catcher is for ``error``."""
    return bool({error, "States.ALL"} & set(rule["ErrorEquals"]))


def reachable(definition: Definition, start: str) -> set[str]:
    """Return every state that an execution can come to from ``start``, which is among them."""
    ways = transitions_of(definition)
    seen: set[str] = set()
    waiting = [start]
    while waiting:
        state = waiting.pop()
        if state not in seen:
            seen.add(state)
            waiting.extend(way.to for way in ways if way.state == state and way.to not in (END, FAILURE))
            inner = states_of(definition)[state].get("ItemProcessor")
            waiting.extend([inner["StartAt"]] if inner else [])
    return seen
