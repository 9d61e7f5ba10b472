"""The proofs of the promise, each a command of its own, and what its answer says."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.proof.commands import ROOT, asked, rows_of_tests
from tests.proof.rows import Mark, Proof, Row, at_least, none_of, row

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

LEAST_PAYMENTS = 10_000
LEAST_FAULTS = 50_000
LEAST_INPUTS = 100_000


def money() -> list[Row]:
    """Simulate payments under faults, and put mistakes and dishonest gateways in that must be noticed."""
    return list(of_simulation(asked("tests.simulation", "--long")))


def of_simulation(said: Mapping[str, Any]) -> Iterator[Row]:
    """Yield the rows of what the simulation said."""
    broken = {each["promise"] for each in said["violations"]}
    promises, kinds, mutants = said["promises"], said["faults"]["by_kind"], said["mutants"]
    held = f"{len(promises) - len(broken)} of {len(promises)} held"
    yield row("invariants", held, kept=bool(promises) and not broken, note=", ".join(promises))
    yield at_least("runs", said["runs"], 1)
    yield at_least("payments", said["payments"], LEAST_PAYMENTS)
    yield at_least("faults injected", said["faults"]["total"], LEAST_FAULTS, f" of {len(kinds)} kinds")
    yield none_of("violations", [_violation(each) for each in said["violations"]])
    uncaught = [name for name, by in mutants["caught_by"].items() if not by]
    caught = f"{mutants['caught']} of {mutants['total']}"
    yield row("mutants caught", caught, kept=0 < mutants["total"] == mutants["caught"], note="; ".join(uncaught))
    yield none_of("invariants that no mutant broke", mutants["never_broken"])
    yield from (_of_dishonesty(name, one) for name, one in said["dishonesties"].items())
    if not said["dishonesties"]:
        yield row("dishonest gateway", "none", kept=False)


def _violation(said: Mapping[str, Any]) -> str:
    return f"{said['promise']}: {said['about']}: {said['said']}; tell it: {said['command']}"


def _of_dishonesty(name: str, said: Mapping[str, Any]) -> Row:
    found = f"breaks {', '.join(said['broken']) or 'nothing'}; {len(said['held'])} others held"
    note = said["says"] if said["as_said"] else f"more or less than is said: {said['costs']}, {said['beyond'][:3]}"
    return row(f"dishonest gateway: {name}", found, kept=said["as_said"], note=note)


def files() -> list[Row]:
    """Run files through functions that die, with executions that overlap."""
    return rows_of_tests(
        {
            "200 runs over files, functions dying": ["tests/unit/test_batch_crashes.py"],
            "properties of the reader": ["tests/unit/test_batch_reader.py"],
        }
    )


def steps() -> list[Row]:
    """Die at every step, compare with a lying ledger, hold every adapter to its port's contract."""
    return rows_of_tests(
        {
            "a death at every step, alone and in pairs": ["tests/unit/test_crashes.py"],
            "payments against the gateway's ledger": ["tests/unit/test_reconcile.py"],
            "contracts, on fakes and on real adapters": ["tests/contract"],
            "operators' commands: audit and dead letters": ["tests/operations"],
        }
    )


def hostile() -> list[Row]:
    """Send hostile inputs to the HTTP boundary and to the reader of files."""
    said = asked("tests.hostile", "--inputs", str(LEAST_INPUTS))
    return [
        *of_hostile(said),
        *rows_of_tests({"properties of the boundary, and judges that can fail": ["tests/hostile"]}),
    ]


def of_hostile(said: Mapping[str, Any]) -> Iterator[Row]:
    """Yield the rows of what the campaign said."""
    yield at_least("hostile inputs", said["inputs"], LEAST_INPUTS, f", {said['refusals']:,} refused")
    yield none_of("answers 5xx", said["server_errors"])
    yield none_of("exceptions nobody handled", said["unhandled"])
    yield none_of("traces of what was refused", said["traces"])
    note = "; ".join([*said["faults"][:3], f"again: {said['command']}"])
    yield none_of("faults of any kind, all told", said["faulty"], note=note)


def privilege() -> list[Row]:
    """Take every permission and every connection out, one at a time."""
    return list(of_privilege(asked("tests.infra.policy_mutation")))


def of_privilege(said: Mapping[str, Any]) -> Iterator[Row]:
    """Yield the rows of what the policy mutation said."""
    yield at_least("policies and connections taken out", said["mutants"], 1)
    score = f"{said['found']:,} of {said['mutants']:,} ({said['score']:.2%})"
    note = "; ".join(said["survivors"])
    yield row("policy mutation score", score, kept=0 < said["mutants"] == said["found"], note=note)
    unenforced = [f"{each['what']} ({each['why']})" for each in said["not_enforced_locally"]]
    found = f"{len(unenforced)} kinds, by static checks alone"
    yield row("what the embedded AWS does not enforce", found, kept=True, note="; ".join(unenforced))


def stack() -> list[Row]:
    """Hold the synthesized stack to what is asked of every stack."""
    guardrails = sorted(path.relative_to(ROOT).as_posix() for path in ROOT.glob("tests/infra/test_guardrails*.py"))
    return rows_of_tests(
        {
            "guardrails, each with examples it refuses": guardrails,
            "state machines, linted": ["tests/infra/test_definition.py"],
            "what connects two parts, and who may": ["tests/infra/test_wiring.py", "tests/infra/test_audit.py"],
            "the same inputs, the same bytes": [
                "tests/infra/test_archive.py",
                "tests/infra/test_packages.py",
                "tests/infra/test_code.py",
            ],
        }
    )


def scanners() -> list[Row]:
    """Let scanners read the code, the synthesized stack, its policies and its locks."""
    return list(of_scanners(asked("tests.scanners")))


def of_scanners(said: Mapping[str, Any]) -> Iterator[Row]:
    """Yield the rows of what the scanners said, and of those that could not say anything."""
    for scanner, one in said["scanners"].items():
        wrong = [*one["unexplained"], *one["needless"]]
        counts = (
            f"{one['found']} found, {one['accepted']} accepted with a reason, {len(one['unexplained'])} unexplained"
        )
        yield row(f"scanner findings: {scanner}", counts, kept=not wrong, note="; ".join(wrong))
    yield from (Row(what, "not looked at", Mark.SKIPPED, why) for what, why in said["skipped"].items())


def network() -> list[Row]:
    """Boot the NAT instance's own script in network namespaces."""
    return rows_of_tests({"the NAT instance in network namespaces": ["tests/e2e/test_nat_namespaces.py"]})


def deployed() -> list[Row]:
    """Deploy to the embedded AWS, where every role is asked: pay, kill workers, send all sorts, search what is left."""
    return rows_of_tests(
        {
            "the journey of a payment": ["tests/e2e/test_payment_journey.py"],
            "files": ["tests/e2e/test_batch_files.py"],
            "orchestrated payments": ["tests/e2e/test_orchestrated_payments.py"],
            "operators' commands": ["tests/e2e/test_operations.py"],
            "the gateway's ledger, compared": ["tests/e2e/test_reconciliation.py"],
            "workers killed, messages doubled": ["tests/e2e/test_faults.py"],
            "requests as described, and otherwise": ["tests/e2e/test_description.py"],
            "the search of what is left behind": ["tests/e2e/test_left_behind.py"],
            "a second plan, and all taken down": ["tests/e2e/test_lifecycle.py"],
        },
        minutes=90,
    )


PROOFS = (
    Proof("Money safety under faults", money),
    Proof("Files of payments", files),
    Proof("Step by step, port by port", steps),
    Proof("Hostile input", hostile),
    Proof("Least privilege", privilege),
    Proof("What is deployed", stack),
    Proof("Scanners", scanners),
    Proof("The NAT instance", network),
    Proof("On the embedded AWS", deployed),
)
