"""Draws the state machine from its table of transitions: ``python -m payments.domain.diagram > docs/states.md``."""

from __future__ import annotations

import sys

from payments.domain.payment import TERMINAL_STATUSES, TRANSITIONS, Status

_LABELS = {
    (Status.ACCEPTED, Status.ACCEPTED): "approval asked for, or granted",
    (Status.ACCEPTED, Status.PROCESSING): "claimed",
    (Status.ACCEPTED, Status.FAILED): "approval refused or timed out, or not what was accepted",
    (Status.PROCESSING, Status.PROCESSING): "lease ran out, taken over with the stored key",
    (Status.PROCESSING, Status.SUCCEEDED): "the gateway approved",
    (Status.PROCESSING, Status.DECLINED): "the gateway said no",
    (Status.PROCESSING, Status.FAILED): "the gateway will never do it",
    (Status.PROCESSING, Status.NEEDS_REVIEW): "nobody may guess",
    (Status.NEEDS_REVIEW, Status.SUCCEEDED): "settled by an operator, or found in the gateway's ledger",
    (Status.NEEDS_REVIEW, Status.DECLINED): "settled by an operator, or found in the gateway's ledger",
}
_BY_HAND = "settled by an operator"


def state_diagram() -> str:
    """Return the state machine as a Mermaid diagram, in the order in which the statuses are declared."""
    moves = [(status, after) for status in Status for after in Status if after in TRANSITIONS[status]]
    return "\n".join(
        [
            "stateDiagram-v2",
            f"    [*] --> {Status.ACCEPTED}: one conditional write",
            *(f"    {status} --> {after}: {_LABELS.get((status, after), _BY_HAND)}" for status, after in moves),
            *(f"    {status} --> [*]" for status in Status if status in TERMINAL_STATUSES),
        ]
    )


def states_document() -> str:
    """Return ``docs/states.md``: the diagram and what holds for every arrow."""
    return f"""# The states of a payment

Generated from `TRANSITIONS` in `layers/shared/python/payments/domain/payment.py`; write it again with
`PYTHONPATH=layers/shared/python python -m payments.domain.diagram > docs/states.md`.

```mermaid
{state_diagram()}
```

Each arrow is one conditional write that names the version it replaces, adds one entry to the payment's history, and
reaches the audit trail as one event. A status never moves backwards; a terminal payment never changes again.
"""


if __name__ == "__main__":
    sys.stdout.write(states_document())
