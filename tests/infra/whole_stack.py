"""The whole stack as the settings describe it, synthesized once for each set of variables."""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from cdktf import Testing as CdktfTesting

from payments_infra.settings import Settings
from payments_infra.stack import PaymentsStack
from tests.infra.template import Template

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.infra.template import Body

ROOT = Path(__file__).parents[2]

_REFERENCE = re.compile(r"\$\{((?:data\.)?aws_\w+\.\w+)")


def whole_stack(**environment: str) -> Template:
    """Return the template that ``main.py`` would write under these variables."""
    return _synthesized(tuple(sorted(environment.items())))


@cache
def _synthesized(environment: tuple[tuple[str, str], ...]) -> Template:
    settings = Settings.from_environment(dict(environment))
    stack = PaymentsStack(CdktfTesting.app(), "payments", settings=settings, root=ROOT)
    return Template(json.loads(CdktfTesting.synth(stack)))


def referred(value: object) -> list[str]:
    """Return the addresses (``type.name``) of everything ``value`` refers to."""
    return _REFERENCE.findall(value if isinstance(value, str) else json.dumps(value))


def address_of(value: object) -> str:
    """Return the one address ``value`` refers to."""
    (found,) = set(referred(value))
    return found


def everything(template: Template) -> dict[str, Body]:
    """Return every resource by its address."""
    return {
        f"{type_}.{name}": body for type_, bodies in template.json["resource"].items() for name, body in bodies.items()
    }


def worker_of(function: Body) -> str:
    """Return whose ``functions/{worker}`` the function runs."""
    return str(function["function_name"].split("-")[1])


def statements_of(template: Template, role: str) -> Iterator[Body]:
    """Return what the inline policies of the role at address ``role`` say."""
    for policy in template.resources("aws_iam_role_policy").values():
        if address_of(policy["role"]) == role:
            yield from json.loads(policy["policy"])["Statement"]


def keys_by_address(template: Template) -> dict[str, str]:
    """Return, for each encrypted resource, the address of its key."""
    found = {}
    for address, body in everything(template).items():
        key = (
            body.get("kms_master_key_id")
            or body.get("kms_key_id")
            or body.get("kms_key_arn")
            or (body.get("server_side_encryption") or {}).get("kms_key_arn")
        )
        if key:
            found[address] = address_of(key)
    for encryption in template.resources("aws_s3_bucket_server_side_encryption_configuration").values():
        (rule,) = encryption["rule"]
        key = rule["apply_server_side_encryption_by_default"]["kms_master_key_id"]
        found[address_of(encryption["bucket"])] = address_of(key)
    return found


def many(value: str | list[str]) -> list[str]:
    """Return a policy's one-or-many as many."""
    return [value] if isinstance(value, str) else value
