"""Files of payments through the deployed bucket, workflow, functions and tables."""

from __future__ import annotations

import uuid
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from local_aws.batch_writer import BAD_ROWS
from tests.e2e.batches import Batches
from tests.e2e.client import eventually

if TYPE_CHECKING:
    from local_aws.deployment import Deployment
    from tests.e2e.batches import Uploaded
    from tests.e2e.client import Client

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("embedded_aws")]

HEADER = "payment_id,amount,currency"
SETTLED = {"succeeded", "declined", "failed"}
AUDITED_ROWS_PER_SECOND = 40
"""On an embedded AWS that has nothing else to do; each row is three events."""
LOOKED_AT_PER_SECOND = 2_000
"""To look at a large table more often would keep the embedded AWS from getting on."""


@pytest.fixture(scope="module")
def batches(deployment: Deployment, tmp_path_factory: pytest.TempPathFactory) -> Batches:
    return Batches(deployment, tmp_path_factory.mktemp("uploads"))


def new_id(prefix: str) -> str:
    return f"{prefix}-{uuid.uuid4().hex[:8]}"


def test_a_file_of_one_row_is_paid(batches: Batches, client: Client) -> None:
    payment_id = new_id("one")
    uploaded = batches.pay(f"{HEADER}\n{payment_id},12.34,EUR\n".encode(), f"{payment_id}.csv")
    assert uploaded.counts == (1, 1, 0)
    assert uploaded.batch["totals"] == [{"currency": "EUR", "amount": "12.34"}]
    payment = client.settled(payment_id)
    assert (payment["status"], Decimal(payment["amount"])) == ("succeeded", Decimal("12.34"))
    assert payment["batch_id"] == uploaded.batch["batch_id"]
    assert client.charges_of(payment_id) == 1


def everything_is_exact(batches: Batches, name: str, *, rows: int, bad_percent: float) -> Uploaded:
    """Pay a generated file, and hold every count against the file, the tables and the gateway's ledger."""
    written, uploaded = batches.written(name, rows=rows, bad_percent=bad_percent)
    assert uploaded.counts == (rows, written.good, written.bad)
    totals = {total["currency"]: Decimal(total["amount"]) for total in uploaded.batch["totals"]}
    assert totals == written.totals
    assert len(uploaded.report) == written.bad

    payments = batches.payments_of(uploaded.batch["batch_id"])
    assert len(payments) == written.good
    assert set(payments.values()) <= SETTLED
    charges = batches.charges()
    assert {id_: charges[id_] for id_ in payments} == {
        id_: int(status == "succeeded") for id_, status in payments.items()
    }
    # The auditor follows the payments: by a moment, or where the embedded AWS has many changes to hand on, by minutes.
    eventually(
        batches.audited,
        lambda audited: all(audited[id_] >= 3 for id_ in payments),
        timeout_seconds=120 + rows / AUDITED_ROWS_PER_SECOND,
        pause_seconds=max(0.2, rows / LOOKED_AT_PER_SECOND),
    )
    return uploaded


def test_a_file_of_a_thousand_rows_with_every_kind_of_bad_row_has_exact_counts(batches: Batches) -> None:
    """Defect: Batch."""
    uploaded = everything_is_exact(batches, new_id("thousand"), rows=1000, bad_percent=len(BAD_ROWS) / 10)
    assert all(row["line"].isdecimal() and row["reason"] for row in uploaded.report)
    assert len({row["line"] for row in uploaded.report}) == len(BAD_ROWS)


def test_a_batch_is_settled_once_all_its_payments_are(batches: Batches) -> None:
    uploaded = batches.pay(f"{HEADER}\n{new_id('settles')},1.00,EUR\n".encode(), f"{new_id('settles')}.csv")
    settled = eventually(
        lambda: batches.batch(uploaded.batch["batch_id"]),
        lambda batch: batch["status"] == "settled",
        timeout_seconds=240,
    )
    assert settled["counts"]["succeeded"] == 1


@pytest.mark.long
def test_a_file_of_a_hundred_thousand_rows_has_exact_counts(batches: Batches) -> None:
    everything_is_exact(batches, new_id("large"), rows=100_000, bad_percent=1)


def test_a_second_upload_of_the_same_file_pays_nothing_again(batches: Batches, client: Client) -> None:
    name = new_id("again")
    rows = f"{HEADER}\n{name}-1,1.00,EUR\n,2.00,EUR\n".encode()
    first, second = (batches.pay(rows, f"{name}.csv") for _ in range(2))
    assert first.batch["batch_id"] != second.batch["batch_id"]
    assert (first.counts, second.counts) == ((2, 2, 0), (2, 0, 2))
    assert all("payment_id" in row["field"] for row in second.report)
    assert client.charges_of(f"{name}-1") == 1
    assert batches.payments_of(second.batch["batch_id"]) == {}


@pytest.mark.parametrize("name", ["my file (1)+2.csv", "Überweisungen ☂.csv", "a%20b&c=d.csv", "deep/er/x.csv"])
def test_a_key_may_have_spaces_and_any_unicode(batches: Batches, name: str) -> None:
    """Defect: Batch. Keys were not decoded."""
    payment_id = new_id("key")
    uploaded = batches.pay(f"{HEADER}\n{payment_id},1.00,EUR\n".encode(), name)
    assert uploaded.counts == (1, 1, 0)
    assert uploaded.batch["file"] == f"incoming/{name}"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "empty"),
        (b"payment_id,amount\nx,1\n", "currency"),
        (b"payment_id,amount,currency,colour\nx,1,EUR,red\n", "colour"),
        (b"payment_id;amount;currency\nx;1;EUR\n", "comma"),
        ("payment_id,amount,currency\nx,1,EUR\n".encode("utf-16"), "UTF-8"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", ""),
        (b"payment_id,amount,currency\nx,1.00,EUR\n#control,rows=2,EUR=1.00\n", "2"),
    ],
    ids=["empty", "missing column", "unknown column", "semicolons", "UTF-16", "a picture", "wrong control totals"],
)
def test_a_file_that_cannot_be_read_fails_its_batch_and_its_execution_with_the_reason_and_enters_nothing(
    batches: Batches, content: bytes, reason: str
) -> None:
    """Defect: Broken workflow. Failure paths ended in SUCCEEDED."""
    uploaded = batches.pay(content, f"{new_id('refused')}.csv")
    assert uploaded.batch["status"] == "failed"
    assert reason in uploaded.batch["reason"]
    assert batches.ends_of_executions(uploaded.batch) == ["FAILED"]
    assert batches.payments_of(uploaded.batch["batch_id"]) == {}


def test_a_dry_run_reports_and_enters_nothing(batches: Batches, client: Client) -> None:
    name = new_id("dry")
    uploaded = batches.pay(f"{HEADER}\n{name},1.00,EUR\nbad,-1,EUR\n".encode(), f"{name}.csv", dry_run=True)
    assert uploaded.counts == (2, 1, 1)
    assert uploaded.batch["dry_run"] is True
    assert [row["line"] for row in uploaded.report] == ["3"]
    assert client.get(f"/payments/{name}").status == 404


def test_what_is_no_csv_by_its_name_starts_nothing(batches: Batches) -> None:
    key = f"incoming/{new_id('note')}.txt"
    batches.put(key, b"hello")
    after = batches.pay(f"{HEADER}\n{new_id('after')},1.00,EUR\n".encode(), f"{new_id('after')}.csv")
    assert after.counts == (1, 1, 0)
    assert key not in batches.files_of_today()


def test_batches_are_listed_by_day_newest_first(batches: Batches) -> None:
    first, second = (
        batches.pay(f"{HEADER}\n{new_id('day')},1.00,EUR\n".encode(), f"{new_id('day')}.csv") for _ in range(2)
    )
    files = batches.files_of_today()
    assert files.index(second.batch["file"]) < files.index(first.batch["file"])


@pytest.mark.parametrize("query", ["", "?day=yesterday", "?day=2026-13-01", "?day=2026-11-24&limit=0"])
def test_a_listing_that_asks_for_nonsense_is_refused(client: Client, query: str) -> None:
    refused = client.get(f"/batches{query}")
    assert (refused.status, refused.is_problem) == (400, True)


def test_an_unknown_batch_is_not_found(client: Client) -> None:
    missing = client.get("/batches/no-such-batch")
    assert (missing.status, missing.is_problem) == (404, True)
