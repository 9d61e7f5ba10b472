from __future__ import annotations

import pytest

from local_aws.overlay.batch_answers import failed_items

BATCH = ["a", "b", "c"]


@pytest.mark.parametrize("answer", [None, {}, {"batchItemFailures": None}, {"batchItemFailures": []}])
def test_nothing_said_is_nothing_failed(answer: object) -> None:
    assert failed_items(answer, BATCH) == set()


def test_a_named_item_failed_and_the_others_did_not() -> None:
    assert failed_items({"batchItemFailures": [{"itemIdentifier": "b"}]}, BATCH) == {"b"}


@pytest.mark.parametrize(
    "failure", [{"itemIdentifier": ""}, {"itemIdentifier": None}, {"identifier": "b"}, {"itemIdentifier": "z"}, "b"]
)
def test_an_item_nobody_knows_fails_the_whole_batch(failure: object) -> None:
    """Defect: Records lost quietly."""
    assert failed_items({"batchItemFailures": [failure]}, BATCH) == set(BATCH)


def test_an_answer_that_is_no_object_fails_the_whole_batch() -> None:
    """Defect: Records lost quietly."""
    assert failed_items("done", BATCH) == set(BATCH)
