"""The part of the API's description that shows batches: files of payments, which are uploaded to a bucket."""

from __future__ import annotations

from typing import Any

from payments_infra.openapi_components import json_answer, leads_to, parameter, problems

Part = dict[str, Any]

_EXAMPLE: Part = {
    "batch_id": "7b1d4c2e-9f3a-8d65-b0c4-2e8f6a1d5c37",
    "status": "settled",
    "file": "incoming/salaries.csv",
    "version": "3sL4kqtJlcpXroDTDmJ.rmSpXd3dIbrHY",
    "dry_run": False,
    "created_at": "2026-11-24T03:36:42.123Z",
    "updated_at": "2026-11-24T03:38:01.456Z",
    "rows": 1000,
    "counts": {
        "received": 1000,
        "accepted": 997,
        "rejected": 3,
        "open": 0,
        "succeeded": 990,
        "declined": 6,
        "failed": 1,
        "needs_review": 0,
    },
    "totals": [{"currency": "EUR", "amount": "12345.60"}, {"currency": "JPY", "amount": "5000"}],
    "rejected_file": "rejected/7b1d4c2e-9f3a-8d65-b0c4-2e8f6a1d5c37.csv",
}


def batch_paths() -> Part:
    """Return the paths of batches."""
    page = json_answer("A page.", "BatchPage", {"items": [_EXAMPLE], "next_token": None})
    page["links"] = leads_to("getBatch", batch_id="/items/0/batch_id")
    return {
        "/batches": {
            "get": {
                "operationId": "listBatches",
                "summary": "Batches of a day, newest first",
                "parameters": [parameter(name) for name in ("day", "limit", "next_token")],
                "responses": {"200": page, **problems(400)},
            },
        },
        "/batches/{batch_id}": {
            "parameters": [parameter("batch_id")],
            "get": {
                "operationId": "getBatch",
                "summary": "A batch as it is now: its counts, totals and where its rejected rows are",
                "description": "`received` is `accepted` and `rejected` together, final once the batch is completed. "
                "What became of the accepted payments is counted until none of them is open.",
                "responses": {"200": json_answer("The batch.", "Batch", _EXAMPLE), **problems(404)},
            },
        },
    }
