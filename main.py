"""Synthesizes one payments stack for the environment the variables describe."""

from __future__ import annotations

import gc
import os
import sys
from pathlib import Path

from payments_infra import fast_bindings

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
    app.synth()
    return 0


if __name__ == "__main__":
    sys.exit(main())
