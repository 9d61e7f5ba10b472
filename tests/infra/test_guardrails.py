"""What the guardrails are as a whole: which stacks pass, and what happens to one that does not."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from cdktf import App, TerraformStack
from cdktf_cdktf_provider_aws.provider import AwsProvider
from constructs import Construct

from main import synthesize
from payments_infra.guardrails import Accepted, guard, problems
from payments_infra.profiles import PROFILES
from payments_infra.settings import LONGEST_SUFFIX, Settings
from payments_infra.stack import PaymentsStack
from tests.infra.guarded import guarded, queue
from tests.infra.whole_stack import ROOT, whole_stack

if TYPE_CHECKING:
    from pathlib import Path

GATEWAY = {"GATEWAY_URL": "https://gateway.example", "WEBHOOK_URL": "https://hook.example"}
LOOPBACK_GATEWAY = {"GATEWAY_URL": "https://localhost"}

NOBODY_READS_IT = (
    "nothing consumes the queue: messages wait until they are forgotten. Add a QueueSource, or accept it with the "
    "reader outside this stack as the reason [queue-without-consumer]"
)
NO_DEAD_LETTERS = (
    "no redrive policy: a message nobody can handle comes back until it is forgotten. Use a Pipeline, or give the "
    "queue a redrive_policy to a dead-letter queue of its own [queue-without-dead-letters]"
)


@pytest.mark.parametrize("nat", ["instance", "gateway", "none"])
@pytest.mark.parametrize("profile", sorted(PROFILES))
def test_the_whole_stack_passes_in_every_profile_with_every_nat(profile: str, nat: str) -> None:
    environment = {"PROFILE": profile, "NAT_MODE": nat, **(LOOPBACK_GATEWAY if nat == "none" else GATEWAY)}
    retain_data = Settings.from_environment(environment).profile.retain_data
    assert not problems(whole_stack(**environment).json, retain_data=retain_data)


@pytest.mark.parametrize(
    "environment", [{}, {"SHARED_KEY": "true"}, {"ENVIRONMENT_SUFFIX": "a" * LONGEST_SUFFIX}], ids=str
)
def test_the_whole_stack_passes_with_the_simulator_one_key_and_the_longest_names(environment: dict[str, str]) -> None:
    assert not problems(whole_stack(**environment).json, retain_data=False)


def test_a_stack_that_breaks_rules_is_not_written_and_all_its_problems_are_named_at_once(tmp_path: Path) -> None:
    app = App(outdir=str(tmp_path))
    stack = TerraformStack(app, "shop")
    AwsProvider(stack, "aws", region="eu-central-1")
    guard(stack, retain_data=False)
    queue(Construct(stack, "checkout"), "orders")  # after the guardrails, which look when all is there
    with pytest.raises(RuntimeError, match="Validation failed") as refusal:
        app.synth()
    lines = [line.strip() for line in str(refusal.value).splitlines()]
    assert [line for line in lines if line.startswith("[shop]")] == [
        f"[shop] checkout/orders: {problem}" for problem in (NOBODY_READS_IT, NO_DEAD_LETTERS)
    ]
    assert not list(tmp_path.rglob("cdk.tf.json"))


def test_the_payments_stack_is_guarded(tmp_path: Path) -> None:
    app = App(outdir=str(tmp_path))
    stack = PaymentsStack(app, "payments", settings=Settings.from_environment({}), root=ROOT)
    stack.channels.processing.queue.visibility_timeout_seconds = 30
    with pytest.raises(RuntimeError, match=r"\[payments\] processing/queue: hides a message for 30 s"):
        app.synth()


def test_what_is_accepted_with_a_reason_passes_for_that_rule_and_construct_alone() -> None:
    accepted = Accepted(rule="queue-without-consumer", path="checkout", reason="a container of the shop reads it")

    def build(stack: TerraformStack) -> None:
        queue(Construct(stack, "checkout"), "orders")
        queue(Construct(stack, "checkout_of_old"), "old_orders")

    left = guarded(build, accepted=[accepted])
    assert [(line.partition(":")[0], line.rpartition(" ")[2]) for line in left] == [
        ("checkout/orders", "[queue-without-dead-letters]"),
        ("checkout_of_old/old_orders", "[queue-without-consumer]"),
        ("checkout_of_old/old_orders", "[queue-without-dead-letters]"),
    ]


def test_an_exception_that_meets_no_problem_is_one_itself() -> None:
    accepted = Accepted(rule="long-name", path="checkout", reason="it was so once")
    assert guarded(lambda _: None, accepted=[accepted]) == [
        "checkout: long-name is accepted here and finds nothing. Take the exception out"
    ]


def test_nothing_is_accepted_without_a_reason() -> None:
    with pytest.raises(ValueError, match="say why long-name is accepted at checkout: the reason is blank"):
        Accepted(rule="long-name", path="checkout", reason=" ")


def test_a_construct_called_like_its_stack_keeps_its_name_in_messages() -> None:
    found = guarded(lambda stack: queue(Construct(stack, "shop"), "orders"))
    assert found[0].startswith("shop/orders: ")


def test_the_documentation_names_every_rule() -> None:
    sources = [path.read_text("utf-8") for path in (ROOT / "payments_infra" / "guardrails").glob("*.py")]
    rules = {rule for source in sources for rule in re.findall(r'rule="([\w-]+)"', source)}
    documented = re.findall(r"^\| `([\w-]+)` \|", (ROOT / "docs" / "guardrails.md").read_text("utf-8"), re.MULTILINE)
    assert sorted(documented) == sorted(rules)


def test_whoever_synthesizes_reads_the_problems_and_no_trace(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    app = App(outdir=str(tmp_path))
    stack = TerraformStack(app, "shop")
    AwsProvider(stack, "aws", region="eu-central-1")
    guard(stack, retain_data=False)
    queue(stack)
    assert synthesize(app) == 2
    said = capsys.readouterr().err
    assert f"[shop] orders: {NOBODY_READS_IT}" in said
    assert "Traceback" not in said
