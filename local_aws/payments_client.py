"""A customer of the deployed API: sends payments and follows them to their end."""

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

from local_aws.deployment import Deployment
from local_aws.loopback import Reply, send

OPEN_STATUSES = ("accepted", "processing")
FOLLOW_SECONDS = 120.0
POLL_SECONDS = 0.5

Document = dict[str, Any]


class NotSettledError(RuntimeError):
    """A payment did not reach its end in time."""


class NoAnswerError(RuntimeError):
    """The API could not answer just now; asking again is safe."""


@dataclass(frozen=True)
class PaymentsClient:
    """Speaks to one deployment over HTTP, with its API key."""

    deployment: Deployment

    def pay(self, payment: Mapping[str, Any], *, idempotency_key: str | None = None) -> Reply:
        """Post a payment."""
        headers = {"Idempotency-Key": idempotency_key} if idempotency_key is not None else {}
        return self._send("POST", "/payments", headers, json.dumps(payment).encode())

    def payment(self, payment_id: str) -> Document:
        """Return the payment as it stands."""
        return self._document(f"/payments/{quote(payment_id, safe='')}")

    def trail(self, payment_id: str) -> list[Document]:
        """Return the audit trail, oldest event first."""
        events: list[Document] = self._document(f"/payments/{quote(payment_id, safe='')}/events")["items"]
        return events

    def batch(self, batch_id: str) -> Document:
        """Return the batch as it stands."""
        return self._document(f"/batches/{batch_id}")

    def batches_of_today(self) -> list[Document]:
        """Return the newest batches of this day and, around midnight, of the day before (UTC)."""
        now = datetime.now(tz=UTC)
        days = sorted({now.date(), (now - timedelta(minutes=5)).date()}, reverse=True)
        pages = [self._document(f"/batches?day={day.isoformat()}&limit=100") for day in days]
        return [batch for page in pages for batch in page["items"]]

    def decide(self, approval_token: str, decision: str, *, actor: str) -> Reply:
        """Approve or refuse the payment that waits under the token; `decision` is `approve` or `refuse`."""
        body = json.dumps({"decision": decision, "actor": actor}).encode()
        return self._send("POST", f"/approvals/{approval_token}", {}, body)

    def follow(self, payment_id: str) -> tuple[Document, list[Document]]:
        """Wait until the payment is settled and audited; return it with its trail.

        Raises:
            NotSettledError: that took longer than FOLLOW_SECONDS.
        """
        deadline = time.monotonic() + FOLLOW_SECONDS
        while True:
            payment, trail = self.payment(payment_id), self.trail(payment_id)
            if payment["status"] not in OPEN_STATUSES and len(trail) >= payment["version"]:
                return payment, trail
            if time.monotonic() > deadline:
                raise NotSettledError(
                    f"{payment_id} is still {payment['status']} after {FOLLOW_SECONDS:.0f} s, with {len(trail)} of "
                    f"{payment['version']} events. See the functions' logs in /aws/lambda/… at "
                    f"{self.deployment.endpoint_url}"
                )
            time.sleep(POLL_SECONDS)

    def _document(self, path: str) -> Document:
        reply = self._send("GET", path, {}, None)
        if reply.status != 200:  # noqa: PLR2004 - HTTP's "OK"
            problem = NoAnswerError if reply.status >= 500 else RuntimeError  # noqa: PLR2004 - the server's own fault
            raise problem(f"GET {path} was answered with {reply.status}: {reply.body.decode(errors='replace')}")
        document: Document = reply.json
        return document

    def _send(self, method: str, path: str, headers: Mapping[str, str], body: bytes | None) -> Reply:
        sent = {"x-api-key": self.deployment.api_key, "Content-Type": "application/json", **headers}
        return send(method, self.deployment.api_url + path, headers=sent, body=body)
