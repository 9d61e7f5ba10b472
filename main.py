"""Synthesizes one payments stack for the environment the variables describe."""

from __future__ import annotations

import gc
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from payments_infra import fast_bindings

if TYPE_CHECKING:
    from cdktf import App

ROOT = Path(__file__).resolve().parent

LAYER = ROOT / "layers" / "shared" / "python"
"""The layer's own code: the request's definition, which becomes the API's model, stands there."""


def main() -> int:
    """Read the settings, build the stack, write it to ``cdktf.out`` (or ``CDKTF_OUTDIR``)."""
    # A short life that keeps almost all it makes: looking for garbage costs a thirtieth of it.
    gc.disable()
    sys.path.append(str(LAYER))
    fast_bindings.install()
    # The bindings may be imported only now.
    from cdktf import App  # noqa: PLC0415

    from payments_infra.settings import Settings, SettingsError  # noqa: PLC0415
    from payments_infra.stack import PaymentsStack  # noqa: PLC0415

    try:
        settings = Settings.from_environment(os.environ)
    except SettingsError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    app = App()
    PaymentsStack(app, f"payments-{settings.environment_suffix}", settings=settings, root=ROOT)
    return synthesize(app)


def synthesize(app: App) -> int:
    """Write what ``app`` holds, unless the guardrails or another validation object. Return the exit status."""
    try:
        app.synth()
    except RuntimeError as error:
        # jsii hands on every failure as this one, in the traces of two languages, where the message says all.
        if "Validation failed" not in str(error):
            raise
        sys.stderr.write(f"{error}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
