"""A hash of configuration, for resources that are snapshots of others."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

from cdktf import DefaultTokenResolver, StringConcat, Tokenization

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cdktf import TerraformResource
    from constructs import IConstruct


def fingerprint(scope: IConstruct, resources: Sequence[TerraformResource]) -> str:
    """Return the SHA-256 of what ``resources``, all below ``scope``, synthesize to.

    Their references are spelled by Terraform address, so that it changes with any argument of any of them and with
    nothing else: not with the machine, the folder, the run or unrelated resources.
    """
    synthesized = Tokenization.resolve(
        [resource.to_terraform() for resource in resources],
        preparing=False,
        resolver=DefaultTokenResolver(StringConcat()),
        scope=scope,
    )
    bodies = [_without_metadata(body) for one in synthesized for body in one["resource"].values()]
    return hashlib.sha256(json.dumps(bodies, sort_keys=True).encode()).hexdigest()


def _without_metadata(by_name: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Metadata may hold stack traces, which name folders."""
    return {name: {key: value for key, value in body.items() if key != "//"} for name, body in by_name.items()}
