"""What is generated from the code and kept beside it: written anew by ``scripts/generate``, checked by the tests."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from payments_infra import fast_bindings

if TYPE_CHECKING:
    from collections.abc import Mapping

ROOT = Path(__file__).resolve().parents[1]

_PICTURE = re.compile(r"(<!-- picture -->\n).*(<!-- /picture -->)", re.DOTALL)

PICTURED = {"WEBHOOK_URL": "https://your.example/webhook", "GATEWAY_URL": "https://gateway.example"}
"""The settings the README's picture is drawn with: the defaults, a payment gateway and somebody to notify."""


def documents(template: Mapping[str, object]) -> dict[Path, str]:
    """Return every generated document by its path; ``template`` is the stack synthesized with :data:`PICTURED`."""
    from payments.domain.diagram import states_document  # noqa: PLC0415
    from payments_infra.openapi import openapi_text  # noqa: PLC0415

    readme = ROOT / "README.md"
    return {
        readme: _PICTURE.sub(lambda found: found[1] + _drawn(template) + found[2], readme.read_text("utf-8")),
        ROOT / "docs" / "states.md": states_document(),
        ROOT / "openapi.json": openapi_text(),
    }


def _drawn(template: Mapping[str, object]) -> str:
    from payments_infra.picture import Picture  # noqa: PLC0415
    from payments_infra.settings import PROJECT  # noqa: PLC0415

    return f"```mermaid\n{Picture(template, project=PROJECT, suffix='dev').mermaid()}\n```\n"


def synthesized() -> dict[str, object]:
    """Return the template the picture is drawn from."""
    fast_bindings.install()
    from cdktf import Testing  # noqa: PLC0415

    from payments_infra.settings import Settings  # noqa: PLC0415
    from payments_infra.stack import PaymentsStack  # noqa: PLC0415

    stack = PaymentsStack(Testing.app(), "payments", settings=Settings.from_environment(PICTURED), root=ROOT)
    template: dict[str, object] = json.loads(Testing.synth(stack))
    return template


def main() -> int:
    """Write every document whose text has changed, and name it."""
    for path, text in documents(synthesized()).items():
        if not path.exists() or path.read_text("utf-8") != text:
            path.write_text(text, "utf-8")
            sys.stdout.write(f"{path.relative_to(ROOT)}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
