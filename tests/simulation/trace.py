"""What happened in a run, line by line, for whoever looks into a seed."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.fakes import FakeClock
    from tests.simulation.scheduler import Worker

_LONGEST = 110


@dataclass
class Trace:
    """Keeps what happened only where it ``is_kept``: a long run happens too much."""

    clock: FakeClock
    is_kept: bool = False
    lines: list[str] = field(default_factory=list)

    def add(self, worker: Worker | None, what: str, about: object = "") -> None:
        """Note that ``worker`` (None for the world around it) did ``what``, and what came of it."""
        if self.is_kept:
            who = worker.name if worker else "·"
            said = _short(about)
            self.lines.append(f"{self.clock.now:%d %H:%M:%S.%f}"[:-3] + f"  {who:<34} {what:<16} {said}".rstrip())


def _short(about: object) -> str:
    """Return what ``about`` says; of a payment its id, version and status are enough."""
    if about is None:
        return ""
    version, status = getattr(about, "version", None), getattr(about, "status", None)
    if version is not None and status is not None:
        name = getattr(about, "payment_id", None) or getattr(about, "batch_id", "")
        return f"{name} v{version} {status}"
    said = ", ".join(map(_short, about)) if isinstance(about, list) else str(about)
    return said[:_LONGEST]
