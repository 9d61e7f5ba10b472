"""Properties of the boundary, on bodies, headers and addresses that no list of tricks thought of."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from payments.domain.request import FIELDS
from tests.hostile.campaign import DESCRIPTION
from tests.hostile.file_site import FileSite
from tests.hostile.files import HEADER
from tests.hostile.judge import Judge, traces
from tests.hostile.requests import Hostile
from tests.hostile.site import RIGHT_TOKEN, Site, captured_log

JUDGE = Judge(json.loads(DESCRIPTION.read_text("utf-8")))

quickly = settings(
    max_examples=150,
    deadline=None,
    database=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)

texts = st.text(max_size=40)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=12,
)
members = st.dictionaries(st.sampled_from(sorted(FIELDS)) | texts, values, max_size=8)
bodies = (members | values).map(json.dumps) | texts
headers = st.dictionaries(
    st.sampled_from(["Content-Type", "content-type", "Idempotency-Key", "IDEMPOTENCY-KEY"]) | texts,
    st.lists(st.sampled_from(["application/json", "key-1"]) | texts, min_size=1, max_size=3),
    max_size=4,
)
parameters = st.dictionaries(
    st.sampled_from(["customer_id", "created_on", "day", "limit", "next_token"]) | texts,
    st.lists(texts | st.sampled_from(["cust-1", "2026-11-22", "5"]), min_size=1, max_size=2),
    max_size=4,
)


def faults(request: Hostile) -> list[str]:
    """Return what is wrong with the answer to ``request``."""
    with captured_log() as log:
        site = Site(log)
        before = site.written()
        answer = site.answer(request.worker, request.event())
        left = traces(request, answer, site=site, before=before, log=site.read_log())
        return [*JUDGE.faults(request, answer), *left]


@quickly
@given(bodies)
def test_any_body_is_taken_as_described_or_refused_without_a_trace(body: str) -> None:
    """Defect: Floats."""
    assert faults(Hostile("validator", "api_post_payments", "", body=body)) == []


@quickly
@given(bodies)
def test_any_decision_is_taken_as_described_or_refused_without_a_trace(body: str) -> None:
    assert faults(Hostile("approver", "api_post_approvals", "", body=body, path={"token": RIGHT_TOKEN})) == []


@quickly
@given(headers)
def test_any_headers_are_taken_or_refused_without_a_trace(given_headers: dict[str, list[str]]) -> None:
    members_ = [("amount", "1")]
    assert faults(Hostile("validator", "api_post_payments", "", members=members_, headers=given_headers)) == []


@quickly
@given(st.sampled_from(["api_get_payments", "api_get_batches"]), parameters)
def test_any_parameters_are_taken_or_refused_without_a_trace(sample: str, query: dict[str, list[str]]) -> None:
    assert faults(Hostile("query", sample, "", query=query)) == []


@quickly
@given(st.sampled_from(["api_get_payment", "api_get_events", "api_get_batch"]), texts)
def test_any_address_is_answered_without_a_trace(sample: str, text: str) -> None:
    name = "batch_id" if sample == "api_get_batch" else "payment_id"
    assert faults(Hostile("query", sample, "", path={name: text})) == []


@quickly
@given(texts)
def test_any_token_is_answered_without_a_trace(token: str) -> None:
    members_ = [("decision", '"approve"'), ("actor", '"ada"')]
    assert faults(Hostile("approver", "api_post_approvals", "", members=members_, path={"token": token})) == []


@quickly
@given(st.binary(max_size=300) | st.lists(texts, max_size=8).map(lambda rows: "\n".join(rows).encode(errors="replace")))
def test_any_file_is_read_to_its_end_or_refused_and_every_row_is_entered_or_rejected(content: bytes) -> None:
    """Defect: Batch."""
    for file in (content, HEADER + b"\n" + content):
        with captured_log():
            site = FileSite(file)
            reason = site.refusal()
        counts: Any = site.work.outcomes_written.values()
        assert len(site.store.payments) == sum(outcome.accepted for outcome in counts)
        assert len(site.report()) == sum(outcome.rejected for outcome in counts)
        assert reason is None or not site.store.payments
