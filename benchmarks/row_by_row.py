"""The obvious way to pay a file, as baseline: the whole file in memory, and one put and one send for each row."""

from __future__ import annotations

import csv
import io
import os
import sys
import time
from datetime import UTC, datetime
from decimal import Decimal

import boto3


def pay(bucket: str, key: str) -> int:
    """Put and announce every row of the file; return how many."""
    s3, sqs = boto3.client("s3"), boto3.client("sqs")
    table = boto3.resource("dynamodb").Table(os.environ["PAYMENTS_TABLE"])
    text = s3.get_object(Bucket=bucket, Key=key)["Body"].read().decode()
    rows = 0
    for row in csv.DictReader(io.StringIO(text)):
        table.put_item(
            Item={
                "payment_id": row["payment_id"],
                "amount": Decimal(row["amount"]),
                "currency": row["currency"],
                "status": "pending",
                "created_at": datetime.now(tz=UTC).isoformat(),
            }
        )
        sqs.send_message(QueueUrl=os.environ["QUEUE_URL"], MessageBody=row["payment_id"])
        rows += 1
    return rows


if __name__ == "__main__":
    started = time.perf_counter()
    paid = pay(os.environ["BATCH_BUCKET"], sys.argv[1])
    print(f"{paid} {time.perf_counter() - started:.6f}")
