from __future__ import annotations

from typing import TYPE_CHECKING

from payments_infra.constructs.place import Place
from tests.infra.ground import ACCOUNT, PARTITION, REGION, readable
from tests.infra.template import synthesized

if TYPE_CHECKING:
    from cdktf import TerraformStack


def test_where_the_stack_is_gets_looked_up() -> None:
    """Defect: Hard-coded places."""

    def build(stack: TerraformStack) -> None:
        place = Place(stack, "place")
        stack.add_override(
            "output.found.value",
            [place.partition, place.region, place.account_id, place.domain, place.arn("sqs", "payments-dev")],
        )

    template = synthesized(build)
    assert readable(template.outputs["found"]["value"]) == [
        PARTITION,
        REGION,
        ACCOUNT,
        "${data.aws_partition.place_partition.dns_suffix}",
        f"arn:{PARTITION}:sqs:{REGION}:{ACCOUNT}:payments-dev",
    ]
    for source in ("aws_partition", "aws_region", "aws_caller_identity"):
        assert list(template.data(source).values()) == [{}]


def test_a_stack_can_hold_two_places() -> None:
    """Defect: Two instances collide."""
    template = synthesized(lambda stack: [Place(stack, "here"), Place(stack, "there")])
    assert len(template.data("aws_region")) == 2
