from __future__ import annotations

from pathlib import Path

from payments.domain.diagram import states_document

DOCUMENT = Path(__file__).parents[2] / "docs" / "states.md"


def test_the_document_of_the_states_is_what_the_table_of_transitions_says() -> None:
    assert DOCUMENT.read_text(encoding="utf-8") == states_document(), (
        "write it again: PYTHONPATH=layers/shared/python python -m payments.domain.diagram > docs/states.md"
    )
