"""Synthesizes one stack with a network for each way out: ``python network_app.py FOLDER``."""

from __future__ import annotations

import sys
from pathlib import Path

REGION = "eu-central-1"


def main(folder: str) -> None:
    """Write the stack below ``folder``."""
    sys.path.insert(0, str(Path(__file__).parents[2]))
    from payments_infra import fast_bindings  # noqa: PLC0415 - before the bindings

    fast_bindings.install()
    from cdktf import App, TerraformOutput, TerraformStack  # noqa: PLC0415
    from cdktf_cdktf_provider_aws.provider import AwsProvider  # noqa: PLC0415

    from payments_infra.constructs.encryption import Encryption  # noqa: PLC0415
    from payments_infra.constructs.naming import Naming  # noqa: PLC0415
    from payments_infra.constructs.nat import Nat, NatMode  # noqa: PLC0415
    from payments_infra.constructs.network import Network  # noqa: PLC0415
    from payments_infra.constructs.place import Place  # noqa: PLC0415

    app = App(outdir=folder)
    stack = TerraformStack(app, "networks")
    AwsProvider(stack, "aws", region=REGION)
    place = Place(stack, "place")
    keys = Encryption(stack, "keys", naming=Naming(project="payments", suffix="network"), place=place)
    for number, mode in enumerate(NatMode):
        naming = Naming(project="payments", suffix=mode.value)
        id_ = mode.name.lower()
        network = Network(
            stack,
            f"{id_}_network",
            naming=naming,
            place=place,
            key=keys.logs,
            cidr=f"10.{number}.0.0/16",
            interface_endpoints=("sqs", "sns") if mode is NatMode.NONE else (),
        )
        nat = Nat(stack, f"{id_}_nat", mode=mode, naming=naming, place=place, network=network)
        TerraformOutput(stack, id_, value={"vpc_id": network.vpc_id, "public_ips": nat.public_ips})
    app.synth()


if __name__ == "__main__":
    main(sys.argv[1])
