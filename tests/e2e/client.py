"""A client of the deployed pipeline: speaks HTTP as customers do, and looks into AWS where customers cannot."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import urllib3

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mypy_boto3_dynamodb import DynamoDBClient

    from local_aws.deployment import Deployment
    from local_aws.receiver import Notification

Body = dict[str, Any]
T = TypeVar("T")

ATTEMPTS = 6
WORTH_ANOTHER_TRY = {429, 500, 502, 503, 504}

PROBLEM_MEMBERS = {"type", "title", "status", "detail"}


@dataclass(frozen=True)
class Reply:
    """One HTTP answer; ``body`` is parsed JSON."""

    status: int
    headers: Mapping[str, str]
    body: Any

    @property
    def is_problem(self) -> bool:
        """Whether this is a problem document as RFC 9457 has it, and says the status it came with."""
        return (
            self.headers.get("Content-Type", "").startswith("application/problem+json")
            and set(self.body) >= PROBLEM_MEMBERS
            and self.body["status"] == self.status
        )


class Client:
    """Talks to one deployment."""

    def __init__(
        self,
        deployment: Deployment,
        *,
        dynamodb: DynamoDBClient,
        webhook_secret: str,
        delivered: Callable[[], list[Notification]],
    ) -> None:
        self._deployment = deployment
        self._dynamodb = dynamodb
        self._delivered = delivered
        self._http = urllib3.PoolManager(retries=False, timeout=30.0, maxsize=64)
        self.webhook_secret = webhook_secret

    def request(
        self, method: str, path: str, *, text: str | None = None, headers: Mapping[str, str], api_key: str | None
    ) -> Reply:
        sent = dict(headers) | ({"x-api-key": api_key} if api_key else {})
        answer = self._http.request(method, self._deployment.api_url + path, body=text, headers=sent)
        return Reply(answer.status, answer.headers, json.loads(answer.data))

    def get(self, path: str, *, api_key: str | None = "") -> Reply:
        return self.request("GET", path, headers={}, api_key=self._deployment.api_key if api_key == "" else api_key)

    def post(self, body: object, headers: Mapping[str, str] | None = None) -> Reply:
        return self.post_text(json.dumps(body), headers)

    def post_until_answered(self, body: object, headers: Mapping[str, str] | None = None) -> Reply:
        """Post ``body``, and post it again where no answer came or the system was at fault, as a customer does."""
        seen: list[object] = []
        while len(seen) < ATTEMPTS:
            try:
                reply = self.post(body, headers)
            except urllib3.exceptions.HTTPError as error:
                seen.append(error)
                continue
            if reply.status not in WORTH_ANOTHER_TRY:
                return reply
            seen.append(reply)
            time.sleep(1)
        raise AssertionError(f"{body} had no answer in {ATTEMPTS} attempts: {seen}")

    def post_text(self, text: str, headers: Mapping[str, str] | None = None) -> Reply:
        sent = {"Content-Type": "application/json"} | dict(headers or {})
        return self.request("POST", "/payments", text=text, headers=sent, api_key=self._deployment.api_key)

    def accepted(self, body: object) -> str:
        """Post ``body``, expect it to be accepted, return the payment's id."""
        reply = self.post(body)
        assert reply.status == 202, reply
        return str(reply.body["payment_id"])

    def settled(self, payment_id: str, *, timeout_seconds: float = 60) -> Body:
        """Return the payment once the system is done with it."""
        return eventually(
            lambda: self.get(f"/payments/{payment_id}").body,
            lambda payment: payment.get("status") not in {"accepted", "processing"},
            timeout_seconds=timeout_seconds,
        )

    def events(self, payment_id: str, *, count: int) -> list[Body]:
        """Return the audit trail once it holds ``count`` events."""
        return eventually(
            lambda: self.get(f"/payments/{payment_id}/events").body["items"], lambda events: len(events) >= count
        )

    def notification_of(self, payment_id: str) -> Notification:
        """Return the webhook delivered for the payment."""
        return eventually(
            lambda: [one for one in self._delivered() if json.loads(one.body)["data"]["payment_id"] == payment_id],
            lambda found: len(found) > 0,
        )[0]

    def charges_of(self, payment_id: str) -> int:
        """Return how often the gateway's own ledger says the payment was charged."""
        entries = self._dynamodb.query(
            TableName=self._deployment.outputs["gateway_ledger_table_name"],
            KeyConditionExpression="#reference = :reference",
            ExpressionAttributeNames={"#reference": "reference"},
            ExpressionAttributeValues={":reference": {"S": payment_id}},
            ConsistentRead=True,
        )["Items"]
        return sum(1 for entry in entries if entry.get("approved", {}).get("BOOL"))

    def stored(self, payment_id: str) -> Mapping[str, Any]:
        """Return the payment's item as the table holds it."""
        name = self._deployment.outputs["payments_table_name"]
        return self._dynamodb.get_item(TableName=name, Key={"payment_id": {"S": payment_id}}, ConsistentRead=True)[
            "Item"
        ]


def eventually(
    look: Callable[[], T], holds: Callable[[T], bool], *, timeout_seconds: float = 60, pause_seconds: float = 0.2
) -> T:
    """Return what ``look`` sees once it ``holds``; fail with what was seen last."""
    deadline = time.monotonic() + timeout_seconds
    while not holds(seen := look()):
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {timeout_seconds} s; last seen: {seen}")
        time.sleep(pause_seconds)
    return seen
