from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from payments_infra.constructs.secret import Secret
from tests.infra.ground import KEY, Ground, granted, readable
from tests.infra.template import Template, synthesized

if TYPE_CHECKING:
    from cdktf import TerraformStack


def secret(ground: Ground, id_: str, **options: int) -> Secret:
    return Secret(
        ground.stack,
        id_,
        part=id_,
        naming=ground.naming,
        key=ground.key,
        description="What signs webhooks",
        **options,
    )


@pytest.fixture(scope="module")
def template() -> Template:
    def build(stack: TerraformStack) -> None:
        ground = Ground(stack)
        secret(ground, "webhook").grant_read(ground.role("notifier"))
        secret(ground, "gateway", recovery_window_days=0)

    return synthesized(build)


def test_a_secret_is_encrypted_and_can_be_brought_back_for_a_month_unless_told(template: Template) -> None:
    secrets = {body["name"]: readable(body) for body in template.resources("aws_secretsmanager_secret").values()}
    assert secrets["payments-webhook-dev"] == {
        "name": "payments-webhook-dev",
        "description": "What signs webhooks",
        "kms_key_id": KEY,
        "recovery_window_in_days": 30,
    }
    assert secrets["payments-gateway-dev"]["recovery_window_in_days"] == 0


def test_no_value_is_ever_in_the_state(template: Template) -> None:
    assert "aws_secretsmanager_secret_version" not in template.json["resource"]


def test_a_reader_may_read_this_secret_and_decrypt(template: Template) -> None:
    """Defect: Encryption without grants."""
    assert granted(template, "notifier") == [
        {
            "Effect": "Allow",
            "Action": "secretsmanager:GetSecretValue",
            "Resource": "${aws_secretsmanager_secret.webhook_secret.arn}",
        },
        {"Effect": "Allow", "Action": "kms:Decrypt", "Resource": KEY},
    ]


@pytest.mark.parametrize("days", [-1, 1, 6, 31])
def test_a_recovery_window_secrets_manager_would_not_take_is_refused(days: int) -> None:
    def build(stack: TerraformStack) -> None:
        with pytest.raises(ValueError, match=f"recovery_window_days must be between 7 and 30, got {days}"):
            secret(Ground(stack), "webhook", recovery_window_days=days)

    synthesized(build)
