"""The code all functions share."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cdktf_cdktf_provider_aws.lambda_layer_version import LambdaLayerVersion
from constructs import Construct

from payments_infra.constructs.function import ARCHITECTURE, RUNTIME

if TYPE_CHECKING:
    from payments_infra.constructs.code import Archive
    from payments_infra.constructs.naming import Naming


class Layer(Construct):
    """A layer of the runtime and architecture every function here has; a new version for every change of its bytes.

    Args:
        part: what the layer holds, kebab-case.
        naming: names the layer.
        code: its zip.
    """

    def __init__(self, scope: Construct, id_: str, *, part: str, naming: Naming, code: Archive) -> None:
        super().__init__(scope, id_)
        self.version = LambdaLayerVersion(
            self,
            "version",
            layer_name=naming.name(part, kind="layer"),
            filename=code.path,
            source_code_hash=code.hash,
            compatible_architectures=[ARCHITECTURE],
            compatible_runtimes=[RUNTIME],
        )

    @property
    def arn(self) -> str:
        """ARN of the version, as functions name it."""
        return str(self.version.arn)
