"""The project's own `main.py`, run as an operator would run it."""

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from local_aws.credentials import scrubbed

# Settings that would reach out of this machine: a bucket for the state, a payment gateway that moves money.
NEVER_LOCAL = ("TERRAFORM_STATE_BUCKET", "TERRAFORM_STATE_BUCKET_REGION", "GATEWAY_URL")


class SynthesisError(RuntimeError):
    """The stack could not be synthesized; the message is what `main.py` said."""


def synthesize(root: Path, output: Path, variables: Mapping[str, str]) -> Path:
    """Synthesize the checkout at `root` into `output` and return the stack's folder, which holds `cdk.tf.json`.

    The caller's environment counts too, as for a deployment to AWS, except for what would reach out of this machine.

    Raises:
        SynthesisError: `main.py` refused or failed.
    """
    kept = {name: value for name, value in scrubbed().items() if name not in NEVER_LOCAL}
    done = subprocess.run(  # noqa: S603 - the project's own entry point
        [sys.executable, str(root / "main.py")],
        cwd=root,
        env=kept | dict(variables) | {"CDKTF_OUTDIR": str(output)},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SynthesisError(f"main.py failed (exit status {done.returncode}):\n{done.stderr.strip()}")
    return output / "stacks" / f"payments-{variables['ENVIRONMENT_SUFFIX']}"
