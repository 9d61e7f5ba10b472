"""Two environments in one account whose suffixes end alike: whatever one may do, it may do to nothing of the other."""

from __future__ import annotations

import json
import re
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

import pytest

from payments_infra.settings import LONGEST_SUFFIX
from tests.infra.clauses import policies
from tests.infra.ground import ACCOUNT, PARTITION, REGION, readable
from tests.infra.whole_stack import whole_stack

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.infra.template import Template

SUFFIXES = ("dev", "a-dev")
ENVIRONMENTS: tuple[dict[str, str], ...] = (
    {},
    {"SHARED_KEY": "true"},
    {"PROFILE": "production", "GATEWAY_URL": "https://gateway.example", "WEBHOOK_URL": "https://hook.example"},
)

KINDS = ("alarm:{}", "execution:{}:x", "function:{}", "log-group:{}", "rule/{}", "stateMachine:{}", "table/{}", "{}")
"""How ARNs go on after the account, by what they name."""

_NAME = re.compile(r"[\w/.-]*payments-[a-z0-9-]+")


def patterns(template: Template) -> Iterator[str]:
    """Yield everything in policies that names something of the project's, exactly or by a pattern."""
    for _, policy in policies(template):
        for text in _texts(json.loads(policy)):
            if "payments-" in text:
                yield _in_one_account(text)


def names(template: Template) -> set[str]:
    """Return what there is to name."""
    found = {name for text in _texts(template.json["resource"]) for name in _NAME.findall(text)}
    return {name for name in found if len(name) < 100}


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, dict):
        for one in value.values():
            yield from _texts(one)
    elif isinstance(value, list):
        for one in value:
            yield from _texts(one)
    elif isinstance(value, str):
        yield value


def _in_one_account(text: str) -> str:
    known = {PARTITION: "aws", REGION: "ap-northeast-1", ACCOUNT: "123456789012"}
    text = readable(text)
    for reference, value in known.items():
        text = text.replace(reference, value)
    return text


def arns(name: str) -> Iterator[str]:
    for service in ("cloudwatch", "dynamodb", "events", "lambda", "logs", "sns", "sqs", "states"):
        for kind in KINDS:
            yield f"arn:aws:{service}:ap-northeast-1:123456789012:{kind.format(name)}"
    yield f"arn:aws:s3:::{name}"


def reached(template: Template, names: set[str]) -> set[str]:
    """Return those of ``names`` that some policy of ``template`` names."""
    said = set(patterns(template))
    return {name for name in names for arn in arns(name) if any(fnmatchcase(arn, one) for one in said)}


@pytest.mark.parametrize("environment", ENVIRONMENTS, ids=str)
@pytest.mark.parametrize(("mine", "others"), [SUFFIXES, SUFFIXES[::-1]])
def test_no_policy_of_one_environment_names_anything_of_another(
    environment: dict[str, str], mine: str, others: str
) -> None:
    """Defect: Too much permission."""
    template = whole_stack(**environment, ENVIRONMENT_SUFFIX=mine)
    ours, theirs = names(template), names(whole_stack(**environment, ENVIRONMENT_SUFFIX=others))
    for name in ("/aws/lambda/payments-validator-{}", "payments-api-5xx-{}", "payments-processing-{}"):
        assert name.format(mine) in reached(template, ours)
        assert name.format(others) in theirs - ours
    assert not reached(template, theirs - ours)


@pytest.mark.parametrize("environment", ENVIRONMENTS, ids=str)
def test_every_policy_that_names_things_one_by_one_has_room_for_all_of_them_under_the_longest_suffix(
    environment: dict[str, str],
) -> None:
    """https://docs.aws.amazon.com/sns/latest/dg/sns-access-policy-language-api-permissions-reference.html"""
    template = whole_stack(**environment, ENVIRONMENT_SUFFIX="x" * LONGEST_SUFFIX)
    for type_, most_bytes in {"aws_kms_key": 32 * 1024, "aws_sns_topic": 30 * 1000}.items():
        lengths = [len(_in_one_account(body["policy"])) for body in template.resources(type_).values()]
        assert max(lengths) > 5_000
        assert max(lengths) < most_bytes
