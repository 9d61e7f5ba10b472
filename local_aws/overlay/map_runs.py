"""Distributed maps that stop at the failure that is one too many; MiniStack runs every child all the same.

AWS: https://docs.aws.amazon.com/step-functions/latest/dg/state-map-distributed.html#maprun-fail-threshold. What a child
has asked for goes on, a function that runs for instance, but nothing further starts. Histories tell of both:
https://docs.aws.amazon.com/step-functions/latest/dg/concepts-examine-map-run.html
"""

import contextvars
from collections import Counter
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from typing import Any

from ministack.core.responses import new_uuid, now_iso
from ministack.services import stepfunctions

from local_aws.overlay import map_children, workflow_scope
from local_aws.overlay.payload_limits import require_small

Record = dict[str, Any]

MOST_CHILDREN_AT_ONCE = 64
_LOOK_SECONDS = 0.2
_COUNTED = ("pending", "running", "succeeded", "failed", "timedOut", "aborted", "total", "resultsWritten")


def apply() -> None:
    """Replace what runs a distributed map."""
    stepfunctions._run_distributed_map = _run


def _run(state: Record, raw: Any, data: Any, processor: Record, *where: Record) -> Any:
    execution, context = where
    workflow_scope.enter(execution, context)
    if "ItemReader" in state:
        items = stepfunctions._read_map_items(state["ItemReader"], data, context)
    else:
        items = stepfunctions._resolve_path_or_ctx(state.get("ItemsPath", "$"), data, context)
    given = [map_children.given_to(item, index, state, data, context) for index, item in enumerate(items)]
    run = MapRun(state, processor, execution, context, given)
    result = stepfunctions._apply_result_selector(state, require_small(run.complete(), "map"))
    output = stepfunctions._apply_result_path(state, raw, result)
    return stepfunctions._apply_output_path(state, output, context), stepfunctions._next_or_end(state)


@dataclass
class MapRun:
    """One run of a map: a child for each of `given`, which is what the children are given."""

    state: Record
    processor: Record
    execution: Record
    context: Record
    given: list[Any]
    record: Record = field(init=False)
    children: list[Record] = field(init=False, default_factory=list)

    def __post_init__(self) -> None:
        """Make the record that DescribeMapRun shows."""
        label = self.state.get("Label") or new_uuid()
        machine_arn = self.execution["stateMachineArn"]
        self.record = {
            "mapRunArn": f"{machine_arn.replace(':stateMachine:', ':mapRun:')}/{label}:{new_uuid()}",
            "executionArn": self.execution["executionArn"],
            "_stateMachineArn": f"{machine_arn}/{label}",
            "status": "RUNNING",
            "startDate": now_iso(),
            "maxConcurrency": int(self.state.get("MaxConcurrency") or 0),
            "toleratedFailurePercentage": float(self.state.get("ToleratedFailurePercentage") or 0),
            "toleratedFailureCount": int(self.state.get("ToleratedFailureCount") or 0),
            "redriveCount": 0,
        }
        self._count()
        stepfunctions._map_runs[self.record["mapRunArn"]] = self.record

    def complete(self) -> list[Any]:
        """Run the children until all are through, too many have failed or the execution is over; return their outputs.

        Raises:
            _ExecutionError: too many have failed, or the execution is over.
        """
        stepfunctions._add_event(self.execution, "MapRunStarted", {"mapRunStartedEventDetails": self._named()})
        at_once = self.record["maxConcurrency"] or MOST_CHILDREN_AT_ONCE
        pool = ThreadPoolExecutor(max_workers=max(1, min(at_once, len(self.given))))
        futures = [pool.submit(contextvars.copy_context().run, self._run_child, given) for given in self.given]
        left: set[Future[Any]] = set(futures)
        while left and not self._has_to_stop():
            left = wait(left, timeout=_LOOK_SECONDS).not_done
            self._count()
        pool.shutdown(wait=False, cancel_futures=True)
        for child in self.children:
            map_children.end(child, "ABORTED")
        self._end()
        return [future.result() for future in futures]

    def _run_child(self, given: Any) -> Any:
        if self._has_to_stop():
            return None
        child = map_children.started(given, self.record)
        self.children.append(child)
        return map_children.run_child(child, self.processor, self.context)

    def _has_to_stop(self) -> bool:
        return self._too_many_failed() or workflow_scope.has_ended(self.execution)

    def _too_many_failed(self) -> bool:
        failed = sum(child["status"] == "FAILED" for child in list(self.children))
        limits = []
        if "ToleratedFailureCount" in self.state:
            limits.append(failed > self.record["toleratedFailureCount"])
        if "ToleratedFailurePercentage" in self.state:
            limits.append(failed * 100 > self.record["toleratedFailurePercentage"] * len(self.given))
        return any(limits) if limits else failed > 0

    def _end(self) -> None:
        self._count()
        self.record["stopDate"] = now_iso()
        if workflow_scope.has_ended(self.execution):
            self.record["status"] = "ABORTED"
            raise workflow_scope.stopped()
        if self._too_many_failed():
            self.record["status"] = "FAILED"
            error, cause = "States.ExceedToleratedFailureThreshold", "The tolerated failure threshold was exceeded"
            told = {"mapRunFailedEventDetails": {"error": error, "cause": cause}}
            stepfunctions._add_event(self.execution, "MapRunFailed", told)
            raise stepfunctions._ExecutionError(error, cause)
        self.record["status"] = "SUCCEEDED"
        stepfunctions._add_event(self.execution, "MapRunSucceeded")

    def _count(self) -> None:
        ended = Counter(child["status"].lower() for child in list(self.children))
        known = {"total": len(self.given), "pending": len(self.given) - sum(ended.values()), **ended}
        for counts in ("itemCounts", "executionCounts"):
            self.record[counts] = dict.fromkeys(_COUNTED, 0) | known

    def _named(self) -> Record:
        return {"mapRunArn": self.record["mapRunArn"]}
