"""What a batch shows, and which batches a caller may ask for."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from payments.domain.batch_listing import BatchListing, read_batch_listing
from payments.domain.errors import RequestRefused
from payments.domain.public_batch import batch_notice, batch_schema, public_batch
from payments.use_cases import list_batches
from tests.unit.batch_site import HEADER, KEY, BatchSite

CONTENT = HEADER + b"order-1,1.00,EUR,,\norder-2,200,JPY,,\nbad\n"


@pytest.fixture
def site() -> BatchSite:
    return BatchSite()


def test_a_registered_batch_shows_what_is_known_and_no_more(site: BatchSite) -> None:
    batch = site.register(site.upload(CONTENT)).batch
    assert public_batch(batch) == {
        "batch_id": batch.batch_id,
        "status": "registered",
        "file": KEY,
        "version": "version-1",
        "dry_run": False,
        "created_at": "2026-11-22T03:36:42.000Z",
        "updated_at": "2026-11-22T03:36:42.000Z",
    }


def test_a_completed_batch_shows_counts_totals_and_where_its_report_lies(site: BatchSite) -> None:
    batch = site.paid(CONTENT)
    shown = public_batch(batch)
    assert shown["rows"] == 3
    assert shown["counts"] == {
        "received": 3,
        "accepted": 2,
        "rejected": 1,
        "open": 2,
        "succeeded": 0,
        "declined": 0,
        "failed": 0,
        "needs_review": 0,
    }
    assert shown["totals"] == [{"currency": "EUR", "amount": "1.00"}, {"currency": "JPY", "amount": "200"}]
    assert shown["rejected_file"] == f"rejected/{batch.batch_id}.csv"


def test_counts_follow_the_payments(site: BatchSite) -> None:
    source = site.upload(CONTENT)
    batch = site.run(source)
    assert batch.due_at is not None
    site.charge("order-1")
    site.clock.now = batch.due_at.replace(year=2027)
    site.settle()
    counts = public_batch(site.batch_of(source))["counts"]
    assert (counts["open"], counts["succeeded"]) == (1, 1)


def test_a_dry_run_shows_no_payments(site: BatchSite) -> None:
    batch = site.run(site.upload(CONTENT, key="incoming/dry-run/a.csv"))
    shown = public_batch(batch)
    assert shown["dry_run"] is True
    assert shown["counts"] == {"received": 3, "accepted": 2, "rejected": 1}


def test_a_failed_batch_shows_why(site: BatchSite) -> None:
    batch = site.paid(b"")
    assert public_batch(batch)["reason"] == "the file is empty"
    assert batch_notice(batch)["event"] == "batch.failed"
    assert batch_notice(batch)["batch_id"] == batch.batch_id


def test_the_schema_names_all_that_is_shown(site: BatchSite) -> None:
    schema: dict[str, Any] = batch_schema()
    shown = [public_batch(site.run(site.upload(content, version=str(content)))) for content in (CONTENT, b"")]
    assert set().union(*shown) == set(schema["properties"])
    assert set(schema["required"]) == set.intersection(*map(set, shown))
    assert set(shown[0]["counts"]) == set(schema["properties"]["counts"]["properties"])


def test_nothing_of_the_inside_is_shown(site: BatchSite) -> None:
    batch = site.paid(CONTENT)
    assert batch.owner_token not in str(public_batch(batch))
    assert "bucket" not in public_batch(batch)


def test_a_listing_names_a_day() -> None:
    assert read_batch_listing({"day": "2026-11-24"}) == BatchListing(day=date(2026, 11, 24))
    parameters = {"day": "2026-11-24", "limit": "5", "next_token": "x"}
    assert read_batch_listing(parameters) == BatchListing(
        day=date(2026, 11, 24), limit=5, next_token=parameters["next_token"]
    )


@pytest.mark.parametrize(
    ("parameters", "pointers"),
    [
        ({}, ["/day"]),
        ({"day": "yesterday"}, ["/day"]),
        ({"day": "20261124"}, ["/day"]),
        ({"day": "2026-13-01"}, ["/day"]),
        ({"day": "2026-11-24", "limit": "0"}, ["/limit"]),
        ({"day": "2026-11-24", "next_token": ""}, ["/next_token"]),
        ({"day": "2026-11-24", "colour": "red"}, ["/colour"]),
        ({"limit": "101", "colour": "red"}, ["/colour", "/day", "/limit"]),
    ],
)
def test_a_listing_that_asks_for_nonsense_is_refused_with_everything_at_fault(
    parameters: dict[str, str], pointers: list[str]
) -> None:
    with pytest.raises(RequestRefused) as refused:
        read_batch_listing(parameters)
    assert [violation.pointer for violation in refused.value.violations] == pointers


def test_batches_of_a_day_are_listed_page_by_page(site: BatchSite) -> None:
    ids = {site.register(site.upload(CONTENT, version=str(number))).batch.batch_id for number in range(3)}
    first = list_batches(BatchListing(day=date(2026, 11, 22), limit=2), reader=site.batches)
    second = list_batches(
        BatchListing(day=date(2026, 11, 22), limit=2, next_token=first.next_token), reader=site.batches
    )
    assert {batch.batch_id for batch in (*first.items, *second.items)} == ids
    assert (len(first.items), second.next_token) == (2, None)
