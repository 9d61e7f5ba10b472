"""What `scripts/local demo` sends, and what must come of it."""

import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from standardwebhooks import Webhook, WebhookVerificationError

from local_aws.demo_workflows import PaidFile, pay_a_file, pay_with_approval
from local_aws.environment import LocalEnvironment
from local_aws.loopback import Reply
from local_aws.payments_client import Document, PaymentsClient
from local_aws.receiver import Notification
from local_aws.waiting import wait_for

NOTIFICATION_SECONDS = 60.0


@dataclass(frozen=True)
class Sent:
    """One request of the demonstration, its answer, and where the payment ended; None where none was made."""

    name: str
    reply: Reply
    payment: Document | None = None
    trail: Sequence[Document] = ()


@dataclass
class Findings:
    """All that the demonstration saw, and each promise with whether it was kept."""

    sent: list[Sent] = field(default_factory=list)
    file: PaidFile | None = None
    notification: Document | None = None
    promises: dict[str, bool] = field(default_factory=dict)

    @property
    def all_kept(self) -> bool:
        """Whether everything was as promised."""
        return all(self.promises.values())

    def to_json(self) -> dict[str, Any]:
        """Return the object that `scripts/local demo --json` prints."""
        return {
            "all_kept": self.all_kept,
            "promises": self.promises,
            "notification": self.notification,
            "batch": self.file.batch if self.file else None,
            "requests": [
                {
                    "name": each.name,
                    "status": each.reply.status,
                    "answer": each.reply.json,
                    "payment": each.payment,
                    "events": list(each.trail),
                }
                for each in self.sent
            ],
        }


def demonstrate(environment: LocalEnvironment) -> Findings:
    """Deploy; send a success, a decline, a duplicate, a malformed one, one to approve and a file; follow each.

    Raises:
        RuntimeError: the deployment failed, or a payment never ended.
    """
    deployment = environment.up()
    client = PaymentsClient(deployment)
    key = str(uuid.uuid4())
    environment.report("sending payments")
    success, decline = {"amount": "25.00", "currency": "EUR", "customer_id": "ada"}, {"amount": "4000.02"}
    replies = {
        "success": client.pay(success, idempotency_key=key),
        "decline": client.pay(decline),
        "duplicate": client.pay(success, idempotency_key=key),
        "malformed": client.pay({"amount": "12.345", "colour": "red"}),
    }
    findings = Findings(sent=[_follow(client, name, reply, environment) for name, reply in replies.items()])
    findings.promises |= promises_of(*findings.sent)
    paid = findings.sent[0].payment
    findings.notification, verified = _notification(environment, paid["payment_id"] if paid else "")
    findings.promises["the notification arrived, and its signature verifies"] = verified
    approved = pay_with_approval(deployment, environment.report)
    findings.sent.append(Sent("approved", approved.reply, approved.payment, approved.trail))
    findings.file = pay_a_file(deployment, environment.report)
    findings.promises |= approved.promises() | findings.file.promises()
    environment.report("terraform plan")
    findings.promises["a second terraform plan shows no change"] = environment.plan_is_empty()
    return findings


def _follow(client: PaymentsClient, name: str, reply: Reply, environment: LocalEnvironment) -> Sent:
    if reply.status != 202:  # noqa: PLR2004 - HTTP's "Accepted"
        return Sent(name, reply)
    environment.report(f"following the {name} to its end")
    payment, trail = client.follow(reply.json["payment_id"])
    return Sent(name, reply, payment, trail)


def promises_of(success: Sent, decline: Sent, duplicate: Sent, malformed: Sent) -> dict[str, bool]:
    """Return each promise about the four requests, with whether it was kept."""
    return {
        "the success was accepted, and paid": _ended(success, "succeeded"),
        "the decline was accepted, and declined": _ended(decline, "declined"),
        "the duplicate was answered again and paid nothing": _is_replay(duplicate, success),
        "the malformed one was refused, with each field at fault named": _is_problem(malformed.reply),
        "every change of status has exactly one audit event": all(map(_is_audited, (success, decline))),
    }


def _ended(sent: Sent, status: str) -> bool:
    return sent.payment is not None and sent.payment["status"] == status


def _is_replay(sent: Sent, first: Sent) -> bool:
    same = sent.payment is not None and first.payment is not None
    return same and sent.payment == first.payment and sent.reply.headers.get("idempotent-replayed") == "true"


def _is_problem(reply: Reply) -> bool:
    kind = reply.headers.get("content-type", "")
    named = {error["pointer"] for error in reply.json.get("errors", [])}
    return 400 <= reply.status < 500 and kind.startswith("application/problem+json") and named == {"/amount", "/colour"}  # noqa: PLR2004


def _is_audited(sent: Sent) -> bool:
    versions = [event["version"] for event in sent.trail]
    return sent.payment is not None and versions == list(range(1, sent.payment["version"] + 1))


def _notification(environment: LocalEnvironment, payment_id: str) -> tuple[Document | None, bool]:
    environment.report("waiting for the notification")
    found = wait_for(lambda: _posted_for(environment.notifications(), payment_id), seconds=NOTIFICATION_SECONDS)
    if found is None:
        return None, False
    try:
        Webhook(environment.webhook_secret()).verify(found.body, found.headers)
    except WebhookVerificationError:
        return json.loads(found.body), False
    return json.loads(found.body), True


def _posted_for(notifications: list[Notification], payment_id: str) -> Notification | None:
    return next((each for each in notifications if json.loads(each.body)["data"]["payment_id"] == payment_id), None)
