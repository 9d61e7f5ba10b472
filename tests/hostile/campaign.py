"""A campaign: so many hostile inputs of one seed, each judged, all counted."""

from __future__ import annotations

import json
import traceback
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

from tests.hostile import drawing, files
from tests.hostile.file_site import FileSite, faults_of, traces_of
from tests.hostile.judge import Judge, traces
from tests.hostile.site import Site, captured_log

if TYPE_CHECKING:
    import io
    from collections.abc import Callable, Iterable

    from tests.hostile.requests import Hostile

DESCRIPTION = Path(__file__).parents[2] / "openapi.json"

FILES_AMONG = 0.01
"""Share of draws that are a file; each of its lines counts as an input."""

_INPUTS_PER_SITE = 200
_FAULTS_SHOWN = 20


@dataclass
class Tally:
    """What came of a campaign. ``faults`` are the first few in words, traces included; ``faulty`` counts them all."""

    inputs: int = 0
    refusals: int = 0
    server_errors: int = 0
    unhandled: int = 0
    traces: int = 0
    faulty: int = 0
    statuses: Counter[int] = field(default_factory=Counter)
    kinds: Counter[str] = field(default_factory=Counter)
    files_refused: int = 0
    lines_rejected: int = 0
    faults: list[str] = field(default_factory=list)

    def blame(self, what: str, faults: Iterable[str]) -> int:
        """Count the faults of one input, and return how many there are."""
        found = list(faults)
        self.faulty += len(found)
        self.faults.extend(f"{what}: {fault}" for fault in found[: _FAULTS_SHOWN - len(self.faults)])
        return len(found)

    @property
    def is_clean(self) -> bool:
        """Whether everything held."""
        return not (self.faulty or self.unhandled or self.server_errors)

    def document(self) -> dict[str, Any]:
        """Return the tally, JSON-ready."""
        return {
            **vars(self),
            "kinds": dict(sorted(self.kinds.items())),
            "statuses": dict(sorted(self.statuses.items())),
        }


def command(inputs: int, seed: int) -> str:
    """Return the command that sends the very same inputs again and prints the first faults in words."""
    return f".venv/bin/python -m tests.hostile --inputs {inputs} --seed {seed}"


def campaign(inputs: int, seed: int, *, progress: Callable[[int], object] = lambda _: None) -> Tally:
    """Send ``inputs`` hostile inputs; the same seed sends the same ones."""
    draw, tally = Random(seed), Tally()  # noqa: S311 - test data
    judge = Judge(json.loads(DESCRIPTION.read_text("utf-8")))
    with captured_log() as log:
        site, sent = Site(log), 0
        while tally.inputs < inputs:
            if draw.random() < FILES_AMONG:
                _read(files.drawn(draw), tally, log)
            else:
                _send(drawing.drawn(draw), site, judge, tally)
                sent += 1
            if sent % _INPUTS_PER_SITE == 0:
                site = Site(log)
                progress(tally.inputs)
    return tally


def _send(request: Hostile, site: Site, judge: Judge, tally: Tally) -> None:
    tally.inputs += 1
    tally.kinds[request.kind] += 1
    before = site.written()
    event = request.event()
    try:
        answer = site.answer(request.worker, event)
    except Exception:  # noqa: BLE001 - that none gets here is what is measured
        tally.unhandled += 1
        tally.blame(_shown(event), [traceback.format_exc(limit=-3)])
        site.read_log()
        return
    status = answer["statusCode"]
    tally.statuses[status] += 1
    tally.refusals += 400 <= status < 500
    tally.server_errors += status >= 500
    what = f"{request.kind} {_shown(event)}"
    tally.blame(what, judge.faults(request, answer))
    tally.traces += tally.blame(what, traces(request, answer, site=site, before=before, log=site.read_log()))


def _read(file: files.HostileFile, tally: Tally, log: io.StringIO) -> None:
    tally.inputs += 1 + len(file.lines)
    tally.kinds["file"] += 1 + len(file.lines)
    site = FileSite(file.content())
    try:
        reason = site.refusal()
    except Exception:  # noqa: BLE001 - that none gets here is what is measured
        tally.unhandled += 1
        tally.blame(repr(file.content()[:600]), [traceback.format_exc(limit=-3)])
        return
    tally.files_refused += reason is not None
    tally.lines_rejected += len(site.report())
    tally.refusals += len(site.report()) if reason is None else 1 + len(file.lines)
    said, _ = log.getvalue(), (log.seek(0), log.truncate())
    what = repr(file.content()[:600])
    tally.blame(what, faults_of(file, site, reason))
    tally.traces += tally.blame(what, traces_of(file, site, reason, said))


def _shown(event: dict[str, Any]) -> str:
    parts = ("resource", "pathParameters", "multiValueQueryStringParameters", "multiValueHeaders", "body")
    return repr({name: event[name] for name in parts if event[name]})[:700]
