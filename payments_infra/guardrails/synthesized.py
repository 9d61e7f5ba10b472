"""The Terraform JSON of one stack, read as resources that refer to each other."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    Body = Mapping[str, Any]

_REFERENCE = re.compile(r"\b((?:data\.)?aws_[a-z0-9_]+)\.([A-Za-z0-9_-]+)")


@dataclass(frozen=True, eq=False)
class Resource:
    """One resource or data source as it was synthesized.

    Args:
        type: its Terraform type; a data source's begins with ``data.``.
        name: its Terraform name.
        path: path of its construct below the stack.
        body: its arguments.
    """

    type: str
    name: str
    path: str
    body: Body

    @property
    def address(self) -> str:
        """What expressions refer to it by."""
        return f"{self.type}.{self.name}"

    def number(self, argument: str, default: int) -> int | None:
        """Return a number; ``default`` where it is left out, None where only Terraform will know it."""
        value = self.body.get(argument, default)
        return int(value) if isinstance(value, int | float) else None


@dataclass(frozen=True)
class Synthesized:
    """One stack as Terraform gets it.

    Args:
        json: content of its ``cdk.tf.json``, with or without CDKTF's metadata. Without, paths are addresses.
    """

    json: Body

    def resources(self, *types: str) -> list[Resource]:
        """Return the resources of ``types``."""
        return [one for one in self._all.values() if one.type in types]

    def everything(self) -> list[Resource]:
        """Return every resource and data source."""
        return list(self._all.values())

    def referred(self, value: object, *types: str) -> list[Resource]:
        """Return each resource of this stack that ``value`` refers to; of ``types`` only, where some are named."""
        text = value if isinstance(value, str) else json.dumps(value)
        if "${" not in text:
            return []
        addresses = dict.fromkeys(".".join(found) for found in _REFERENCE.findall(text))
        found = [self._all[address] for address in addresses if address in self._all]
        return [one for one in found if not types or one.type in types]

    def target(self, value: object, *types: str) -> Resource | None:
        """Return the first resource that :meth:`referred` finds."""
        return next(iter(self.referred(value, *types)), None)

    def function(self, value: object) -> Resource | None:
        """Return the function that ``value`` refers to, by itself or by an alias."""
        alias = self.target(value, "aws_lambda_alias")
        return self.target(alias.body["function_name"] if alias else value, "aws_lambda_function")

    @cached_property
    def _all(self) -> dict[str, Resource]:
        found = [
            Resource(prefix + type_, name, self._path(prefix + type_, name, body), body)
            for section, prefix in (("resource", ""), ("data", "data."))
            for type_, bodies in self.json.get(section, {}).items()
            for name, body in bodies.items()
        ]
        return {one.address: one for one in found}

    def _path(self, type_: str, name: str, body: Body) -> str:
        path = body.get("//", {}).get("metadata", {}).get("path")
        if path is None:
            return f"{type_}.{name}"
        stack = self.json["//"]["metadata"]["stackName"]
        return f"/{path}".partition(f"/{stack}/")[2] or path


def blocks(value: object) -> list[Body]:
    """Return a nested block, which Terraform writes as one object or as several, as several."""
    if isinstance(value, dict):
        return [value]
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def many(value: object) -> list[Any]:
    """Return a one-or-many as many; nothing as none."""
    if value is None:
        return []
    return list(value) if isinstance(value, list | tuple) else [value]
