"""The planner, from a task of the batch workflow to the manifest it leaves."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from functions.planner import handler as planner
from functions.planner.handler import Ports
from payments.domain.errors import BatchRefused
from payments.runtime.batch_events import source_in
from tests.batch_fakes import FakeUploads, FakeWorkFiles
from tests.unit.handlers.events import Event, sample

if TYPE_CHECKING:
    from collections.abc import Callable

    from aws_lambda_powertools.utilities.typing import LambdaContext

    from tests.unit.handlers.conftest import Line

FILE = b"payment_id,amount,currency\na-1,10.00,EUR\n\na-2,x,EUR\na-3,20.00,EUR\n"


@pytest.fixture
def work() -> FakeWorkFiles:
    return FakeWorkFiles()


@pytest.fixture
def plan(work: FakeWorkFiles, context: LambdaContext, monkeypatch: pytest.MonkeyPatch) -> Callable[[bytes], Event]:
    def planned(content: bytes) -> Event:
        files = FakeUploads()
        files.objects[source_in(sample("workflow_plan"))] = content
        monkeypatch.setattr(planner, "aws_ports", lambda: Ports(files=files, work=work))
        return planner.handler(sample("workflow_plan"), context)

    return planned


def test_a_file_is_planned_and_its_manifest_lies_where_the_map_is_told(
    plan: Callable[[bytes], Event], work: FakeWorkFiles
) -> None:
    answer = plan(FILE)
    assert json.loads(json.dumps(answer)) == {"manifest_key": answer["manifest_key"], "ranges": 1, "rows": 3}
    (only,) = work.manifests[answer["manifest_key"]]
    assert FILE[only.start : only.end] == FILE[27:]


def test_a_file_that_cannot_be_read_is_refused_by_the_name_the_workflow_goes_by(
    plan: Callable[[bytes], Event], work: FakeWorkFiles
) -> None:
    with pytest.raises(BatchRefused, match="colour"):
        plan(b"payment_id,amount,currency,colour\n")
    assert work.manifests == {}


def test_no_line_of_the_log_holds_anything_of_the_file(
    plan: Callable[[bytes], Event], printed: Callable[[], list[Line]]
) -> None:
    plan(FILE)
    (line,) = printed()
    assert (line["message"], line["batch_id"], line["rows"]) == ("planned", sample("workflow_plan")["batch_id"], 3)
    assert not {"a-1", "a-2", "10.00"} & set(map(str, line.values()))


def test_the_connection_is_made_of_the_functions_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BATCH_BUCKET", "payments-batch-test")
    assert planner.aws_ports.__wrapped__()
