from __future__ import annotations

import re

import pytest

from payments_infra.documents import PICTURED, ROOT, documents
from payments_infra.picture import Picture
from tests.infra.whole_stack import whole_stack


def drawn() -> str:
    return Picture(whole_stack(**PICTURED).json, project="payments", suffix="dev").mermaid()


@pytest.mark.parametrize("name", ["README.md", "docs/states.md", "openapi.json"])
def test_what_is_generated_is_up_to_date(name: str) -> None:
    generated = documents(whole_stack(**PICTURED).json)[ROOT / name]
    assert (ROOT / name).read_text("utf-8") == generated, "write it anew with: make docs"


def test_the_picture_follows_a_payment_from_the_client_to_the_gateway() -> None:
    steps = [
        'client -->|"HTTPS"| api_rest_api',
        'api_rest_api -->|"POST /payments"| validator_function',
        'validator_function -->|"adds"| payments_table',
        'payments_table -->|"stream"| dispatcher_function',
        'dispatcher_function -->|"sends"| processing_queue',
        'processing_queue -->|"wakes"| processor_function',
        'processor_function -->|"asks<br>charges"| gateway',
    ]
    assert [step for step in steps if step not in drawn()] == []


def test_the_picture_shows_where_given_up_messages_go() -> None:
    assert 'processing_queue -.->|"gives up"| processing_dead_letters_queue' in drawn()
    assert 'dispatcher_function -.->|"gives up"| dispatcher_dead_letters_queue' in drawn()


def test_the_picture_shows_the_webhook_only_where_there_is_one() -> None:
    without = Picture(whole_stack().json, project="payments", suffix="dev").mermaid()
    assert "webhook" in drawn()
    assert "webhook" not in without


def test_the_readme_links_to_nothing_that_does_not_exist() -> None:
    targets = re.findall(r"\]\(([^)\s]+)\)", (ROOT / "README.md").read_text("utf-8"))
    assert [one for one in targets if not one.startswith("http") and not (ROOT / one).exists()] == []


def test_the_costs_count_the_alarms_and_the_keys_that_there_are() -> None:
    stack = whole_stack()
    alarms, keys = (len(stack.resources(f"aws_{type_}")) for type_ in ("cloudwatch_metric_alarm", "kms_key"))
    readme = (ROOT / "README.md").read_text("utf-8")
    assert set(re.findall(r"(\d+) alarms \$(\d+)", readme)) == {(str(alarms), str(alarms // 10))}
    assert readme.count("four keys $4") == 2
    assert keys == 4
