"""Nothing that a scanner finds is explained away: each finding is accepted by name, or unexplained."""

from __future__ import annotations

from tests.scanners.findings import Accepted, Finding
from tests.scanners.report import explained, of_locks
from tests.scanners.scanners import DataUnreachableError
from tests.scanners.scans import CODE, LOCKS, ROOT

KNOWN = Finding("B404", "scripts/tool.py", "subprocess")
OTHER = Finding("B301", "scripts/tool.py", "pickle")
ACCEPTED = Accepted("B404", "scripts/*", "it starts processes")
FORGOTTEN = Accepted("B999", "scripts/*", "it was there once")


def test_what_is_accepted_and_what_is_not_are_counted_apart() -> None:
    said = explained([KNOWN, OTHER], [ACCEPTED])
    assert (said["found"], said["accepted"]) == (2, 1)
    assert said["unexplained"] == ["B301 scripts/tool.py: pickle"]


def test_what_is_accepted_and_occurs_no_more_is_told() -> None:
    assert explained([KNOWN], [ACCEPTED])["needless"] == []
    assert explained([KNOWN], [ACCEPTED, FORGOTTEN])["needless"] == ["B999 scripts/*: accepted, and found no more"]


def test_a_lock_that_could_not_be_looked_up_is_skipped_with_its_reason_and_the_others_count() -> None:
    def audit(lock: str) -> set[Finding]:
        if lock == LOCKS[0]:
            raise DataUnreachableError("no route")
        return {OTHER}

    assert of_locks(audit) == ({OTHER}, {f"pip-audit over {LOCKS[0]}": "no route"})


def test_all_code_that_is_deployed_or_run_and_every_lock_is_scanned() -> None:
    own = {path.parent.relative_to(ROOT).parts[0] for path in ROOT.glob("[a-z]*/**/*.py")} - {"tests", "benchmarks"}
    assert own - set(CODE) == set()
    locks = {path.relative_to(ROOT).as_posix() for path in ROOT.glob("[a-z]*/**/*.lock")} | {
        path.name for path in ROOT.glob("*.lock")
    }
    assert locks == set(LOCKS)
