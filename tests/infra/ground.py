"""What constructs stand on in tests, and policies made readable."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from payments_infra.constructs.code import Archive
from payments_infra.constructs.encryption import Key
from payments_infra.constructs.function import Function
from payments_infra.constructs.iam import Role
from payments_infra.constructs.naming import Naming
from payments_infra.constructs.place import Place

if TYPE_CHECKING:
    from cdktf import TerraformStack

    from tests.infra.template import Body, Template

ACCOUNT = "${data.aws_caller_identity.place_identity.account_id}"
PARTITION = "${data.aws_partition.place_partition.partition}"
REGION = "${data.aws_region.place_region.id}"
KEY = "${aws_kms_key.cmk_key.arn}"

_HASH = re.compile(r"_[0-9A-F]{8}(?=[.}]|$)")


class Ground:
    """Names, place and one key in ``stack``; roles and functions as a test asks for them."""

    def __init__(self, stack: TerraformStack) -> None:
        self.stack = stack
        self.naming = Naming(project="payments", suffix="dev")
        self.place = Place(stack, "place")
        self.key = Key(stack, "cmk", name="payments-key-dev", description="Everything", place=self.place)

    def role(self, id_: str = "worker") -> Role:
        return Role(self.stack, id_, name=f"payments-{id_}-dev", service="lambda.amazonaws.com")

    def function(self, id_: str = "worker", **options: Any) -> Function:  # noqa: ANN401 - whatever Function takes
        return Function(
            self.stack,
            id_,
            **{
                "part": id_,
                "naming": self.naming,
                "place": self.place,
                "code": Archive(path="assets/worker.zip", hash="Y29kZQ=="),
                "environment": {},
                "environment_key": self.key,
                "log_key": self.key,
                **options,
            },
        )


def arn(service: str, resource: str) -> str:
    """Return what ``Place.arn`` makes, in readable form."""
    return f"arn:{PARTITION}:{service}:{REGION}:{ACCOUNT}:{resource}"


def readable(value: Any) -> Any:  # noqa: ANN401 - any JSON
    """Return ``value`` with the hash taken off every Terraform name in it."""
    if isinstance(value, dict):
        return {readable(name): readable(part) for name, part in value.items()}
    if isinstance(value, list):
        return [readable(part) for part in value]
    return _HASH.sub("", value) if isinstance(value, str) else value


def statements(policy: str) -> list[Body]:
    """Return what the policy ``policy`` says."""
    found: list[Body] = readable(json.loads(policy)["Statement"])
    return found


def granted(template: Template, id_: str = "worker") -> list[Body]:
    """Return what the role ``id_`` (or the function ``id_``'s role) was allowed and denied."""
    found: list[Body] = readable(template.policies(f"{id_}_"))
    return found


def without(found: list[Body], *prefixes: str) -> list[Body]:
    """Return the statements that hold no action of the services ``prefixes``."""
    return [one for one in found if not str(one["Action"]).startswith((*prefixes, *(f"['{p}" for p in prefixes)))]
