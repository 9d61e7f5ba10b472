"""Stream mappings that lose no record.

MiniStack takes a partial failure for success, knows neither retry limits nor bisecting, and lets one slow function
stall every other mapping. AWS goes on from the first record that failed, in order, until the record is done, too old
or out of retries; then it tells the failure destination:
https://docs.aws.amazon.com/lambda/latest/dg/services-dynamodb-eventsourcemapping.html#services-dynamodb-errors
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ministack.core.responses import _request_account_id, _request_region
from ministack.services import dynamodb, lambda_svc

from local_aws.overlay.stream_delivery import Delivery

Record = dict[str, Any]


def apply() -> None:
    """Replace what polls the streams of tables; each mapping is served by a thread of its own, one batch at a time."""
    lambda_svc._poll_dynamodb_streams = _poll


def _poll() -> bool:
    started = False
    for account, region, mapping in lambda_svc._iter_all_esms():
        with _scope(account, region):
            table = _table_of(mapping)
            if table and mapping.get("Enabled", True) and not lambda_svc._esm_inflight.get(mapping["UUID"]):
                started = _start(mapping, table) or started
    return started


def _start(mapping: Record, table: str) -> bool:
    position = _position(mapping, table)
    records = dynamodb.stream_records_since(table, position, mapping.get("BatchSize", 100))
    if not records:
        return False
    lambda_svc._dispatch_esm_batch(mapping["UUID"], _deliver, mapping, list(records), position)
    return True


def _deliver(mapping: Record, records: list[Record], position: int) -> None:
    wanted = lambda_svc._apply_filter_criteria(records, mapping)
    if wanted and not Delivery(mapping, is_wanted=lambda: _is_alive(mapping)).complete(wanted):
        return
    with lambda_svc._dynamodb_stream_positions_lock:
        if mapping["UUID"] in lambda_svc._dynamodb_stream_positions:
            lambda_svc._dynamodb_stream_positions[mapping["UUID"]] = position + len(records)


def _position(mapping: Record, table: str) -> int:
    positions = lambda_svc._dynamodb_stream_positions
    oldest = int(dynamodb.stream_start_position(table))
    with lambda_svc._dynamodb_stream_positions_lock:
        if mapping["UUID"] not in positions:
            newest = dynamodb.stream_end_position(table)
            positions[mapping["UUID"]] = oldest if mapping["StartingPosition"] == "TRIM_HORIZON" else newest
        return max(int(positions[mapping["UUID"]]), oldest)


def _table_of(mapping: Record) -> str | None:
    source = mapping.get("EventSourceArn", "")
    if ":dynamodb:" not in source or "/stream/" not in source:
        return None
    name = source.split(":table/")[1].split("/")[0]
    table = dynamodb._tables.get(name)
    return name if table and table.get("LatestStreamArn") == source else None


def _is_alive(mapping: Record) -> bool:
    return lambda_svc._esms.get(mapping["UUID"]) is mapping and mapping.get("Enabled", True)


@contextmanager
def _scope(account: str, region: str) -> Iterator[None]:
    tokens = _request_account_id.set(account), _request_region.set(region)
    try:
        yield
    finally:
        _request_account_id.reset(tokens[0])
        _request_region.reset(tokens[1])
