"""The part of `scripts/local demo` that runs workflows: a file of payments, and a payment that a person approves."""

import tempfile
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from local_aws.back_office import BackOffice
from local_aws.batch_upload import BatchUpload, Progress
from local_aws.batch_writer import BAD_ROWS, Written, write_batch
from local_aws.deployment import Deployment
from local_aws.loopback import Reply
from local_aws.payments_client import Document, PaymentsClient
from local_aws.progress import Report

ROWS = 2 * len(BAD_ROWS)
BAD_PERCENT = 50
HIGH_VALUE = {"amount": "25000.00", "currency": "EUR", "customer_id": "ada", "processing": "orchestrated"}


@dataclass(frozen=True)
class PaidFile:
    """A file that was uploaded: what was written into it, and what its batch and its report say."""

    written: Written
    batch: Document
    report: str

    def promises(self) -> dict[str, bool]:
        """Return each promise about files, with whether it was kept."""
        counts = self.batch.get("counts", {})
        ended = sum(counts.get(name, 0) for name in ("succeeded", "declined", "failed"))
        totals = {total["currency"]: Decimal(total["amount"]) for total in self.batch.get("totals", [])}
        return {
            "of the file every good row was accepted, and every bad one rejected": (
                (counts.get("received"), counts.get("accepted"), counts.get("rejected"))
                == (self.written.rows, self.written.good, self.written.bad)
            ),
            "the file's totals are those of its good rows": totals == self.written.totals,
            "every accepted row was processed to its end": ended == self.written.good,
            "every rejected row is told, with its line and a reason": (
                len(self.report.splitlines()) == 1 + self.written.bad
            ),
        }


@dataclass(frozen=True)
class Approved:
    """A payment that waited for approval: as it stood before, the answer to the approval, and as it ended."""

    waiting: Document
    reply: Reply
    payment: Document
    trail: list[Document]

    def promises(self) -> dict[str, bool]:
        """Return each promise about orchestrated payments, with whether it was kept."""
        return {
            "the payment above the limit was not charged before a person approved it": (
                self.waiting["status"] == "accepted" and self.reply.status == 200  # noqa: PLR2004 - HTTP's "OK"
            ),
            "approved, it was paid": self.payment["status"] == "succeeded",
        }


def pay_a_file(deployment: Deployment, report: Report) -> PaidFile:
    """Upload a file in which every second row is bad, and return what became of it."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "demo.csv"
        with path.open("wb") as file:
            written = write_batch(file, rows=ROWS, bad_percent=BAD_PERCENT, prefix=Path(folder).name.replace("_", "-"))
        upload = BatchUpload(deployment)
        batch = upload.pay(path, watch=lambda progress: report(_line(progress)))
    return PaidFile(written, batch, upload.report_of(batch) or "")


def pay_with_approval(deployment: Deployment, report: Report) -> Approved:
    """Send a payment above the limit, approve it once somebody is asked to, and return what became of it."""
    report("waiting for the approval to be asked for")
    client = PaymentsClient(deployment)
    payment_id = client.pay(HIGH_VALUE).json["payment_id"]
    token = BackOffice(deployment).approval_token(payment_id)
    waiting = client.payment(payment_id)
    reply = client.decide(token, "approve", actor="demo")
    report("following the approved payment to its end")
    return Approved(waiting, reply, *client.follow(payment_id))


def _line(progress: Progress) -> str:
    return f"following the file: {progress.step} {f'{progress.done} of {progress.total}' if progress.total else ''}"
