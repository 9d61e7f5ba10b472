"""Following a batch on a stand-in of the deployed bucket and API."""

from __future__ import annotations

from itertools import count
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from local_aws.batch_upload import BatchNotEndedError, BatchUpload, NotABatchError, NotFollowedError, Progress
from local_aws.deployment import Deployment
from local_aws.payments_client import NoAnswerError

if TYPE_CHECKING:
    from pathlib import Path

DEPLOYMENT = Deployment("http://127.0.0.1:1", "http://127.0.0.1:1/api", "key", "us-east-1", {"batch_workflow_arn": "w"})
BATCH = {"batch_id": "b", "file": "incoming/a.csv", "version": "2", "status": "registered", "updated_at": "now"}
NO_ANSWER: dict[str, Any] = {"no": "answer"}
COUNTS = {"received": 3, "accepted": 2, "rejected": 1}


class Answers:
    """What the API says of one batch, answer by answer; the last one stays. An empty one is a listing without it."""

    def __init__(self, *answers: dict[str, Any]) -> None:
        self._answers = list(answers)

    def batches_of_today(self) -> list[dict[str, Any]]:
        found = self._next()
        return [BATCH | {"version": "1", "batch_id": "an earlier upload"}, *([found] if found else [])]

    def batch(self, batch_id: str) -> dict[str, Any]:
        assert batch_id == "b"
        return self._next()

    def _next(self) -> dict[str, Any]:
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        if answer is NO_ANSWER:
            raise NoAnswerError("500")
        return answer


@pytest.fixture(autouse=True)
def _hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let each look be a hundred seconds after the one before."""
    moments = count(step=100)
    fast = SimpleNamespace(monotonic=lambda: next(moments), sleep=lambda _seconds: None)
    monkeypatch.setattr("local_aws.batch_upload.time", fast)


def follow(monkeypatch: pytest.MonkeyPatch, *batches: dict[str, Any]) -> tuple[dict[str, Any], list[Progress]]:
    answers = Answers(*batches)
    monkeypatch.setattr("local_aws.batch_upload.PaymentsClient", lambda _deployment: answers)
    monkeypatch.setattr(BatchUpload, "_rows_read", lambda _self, _batch_id: 2)
    seen: list[Progress] = []
    return BatchUpload(DEPLOYMENT).follow("incoming/a.csv", "2", watch=seen.append), seen


def test_a_batch_is_followed_from_its_upload_until_nothing_is_open(monkeypatch: pytest.MonkeyPatch) -> None:
    ended, seen = follow(
        monkeypatch,
        {},
        BATCH,
        BATCH | {"status": "ingesting", "rows": 3},
        BATCH | {"status": "completed", "rows": 3, "counts": COUNTS | {"open": 1}},
        BATCH | {"status": "completed", "rows": 3, "counts": COUNTS | {"open": 0}},
    )
    assert ended["counts"]["open"] == 0
    assert Progress("entering rows", 2, 3) in seen
    assert Progress("payments", 1, 2) in seen


def test_an_answer_that_is_owed_for_a_while_ends_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    ended, _ = follow(monkeypatch, NO_ANSWER, BATCH, NO_ANSWER, BATCH | {"status": "failed", "reason": "why"})
    assert ended["reason"] == "why"


def test_a_batch_that_stops_is_told_with_where_to_look(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(BatchNotEndedError, match="stands at registered since now"):
        follow(monkeypatch, BATCH)


def test_an_upload_that_starts_nothing_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(BatchNotEndedError, match="was never registered"):
        follow(monkeypatch, {})


def test_who_stops_following_hears_that_the_file_is_uploaded_and_its_batch_goes_on(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(BatchUpload, "upload", lambda _self, _file, _key: "2")
    monkeypatch.setattr(BatchUpload, "follow", interrupted)
    with pytest.raises(
        NotFollowedError, match=r"incoming/a\.csv is uploaded, .* GET /batches\?day=\d{4}-\d\d-\d\d at http"
    ):
        BatchUpload(DEPLOYMENT).pay(tmp_path / "a.csv", watch=lambda _progress: None)


@pytest.mark.parametrize("name", ["payments.CSV", "payments.txt", "payments"])
def test_a_file_whose_name_would_start_nothing_is_refused_before_it_is_uploaded(tmp_path: Path, name: str) -> None:
    with pytest.raises(NotABatchError, match=r"must end in \.csv"):
        BatchUpload(DEPLOYMENT).pay(tmp_path / name, watch=lambda _progress: None)
