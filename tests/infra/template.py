"""A synthesized stack, opened for questions."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cdktf import TerraformStack
from cdktf import Testing as CdktfTesting
from cdktf_cdktf_provider_aws.provider import AwsProvider

if TYPE_CHECKING:
    from collections.abc import Callable

Body = dict[str, Any]


@dataclass(frozen=True)
class Template:
    """The Terraform JSON of one stack."""

    json: Body

    def resources(self, type_: str) -> dict[str, Body]:
        """Return every resource of ``type_`` by its Terraform name."""
        found: dict[str, Body] = self.json.get("resource", {}).get(type_, {})
        return found

    def data(self, type_: str) -> dict[str, Body]:
        """Return every data source of ``type_`` by its Terraform name."""
        found: dict[str, Body] = self.json.get("data", {}).get(type_, {})
        return found

    def resource(self, type_: str, name: str) -> Body:
        """Return the resource ``type_.name``."""
        found = self.resources(type_)
        assert name in found, f"no {type_}.{name}; there are {sorted(found)}"
        return found[name]

    def only(self, type_: str) -> Body:
        """Return the one resource of ``type_``."""
        found = self.resources(type_)
        assert len(found) == 1, f"expected one {type_}, found {sorted(found)}"
        return next(iter(found.values()))

    @property
    def outputs(self) -> Body:
        """Return the stack's outputs."""
        found: Body = self.json.get("output", {})
        return found

    def policies(self, role_name: str) -> list[Body]:
        """Return the statements of every inline policy whose Terraform name starts with ``role_name``."""
        return [
            one
            for name, body in self.resources("aws_iam_role_policy").items()
            if name.startswith(role_name)
            for one in json.loads(body["policy"])["Statement"]
        ]


def synthesized(build: Callable[[TerraformStack], object]) -> Template:
    """Return the template of a stack that holds an AWS provider and what ``build`` adds."""
    stack = TerraformStack(CdktfTesting.app(), "stack")
    AwsProvider(stack, "aws", region="eu-central-1")
    build(stack)
    return Template(json.loads(CdktfTesting.synth(stack)))
