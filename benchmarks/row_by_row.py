"""The obvious way to pay a file, as baseline: the whole file in memory, and one put and one send for each row."""

from __future__ import annotations

import csv
import io
import os
import sys
import time
from datetime import UTC, datetime

import boto3


def pay(bucket: str, key: str) -> int:
    """Put and announce every row of the file; return how many."""
    s3, dynamodb, sqs = boto3.client("s3"), boto3.client("dynamodb"), boto3.client("sqs")
    text = s3.get_object(Bucket=bucket, Key=key)["Body"].read().decode()
    rows = 0
    for row in csv.DictReader(io.StringIO(text)):
        dynamodb.put_item(
            TableName=os.environ["PAYMENTS_TABLE"],
            Item={
                "payment_id": {"S": row["payment_id"]},
                "amount": {"N": row["amount"]},
                "currency": {"S": row["currency"]},
                "status": {"S": "pending"},
                "created_at": {"S": datetime.now(tz=UTC).isoformat()},
            },
        )
        sqs.send_message(QueueUrl=os.environ["QUEUE_URL"], MessageBody=row["payment_id"])
        rows += 1
    return rows


if __name__ == "__main__":
    started = time.perf_counter()
    paid = pay(os.environ["BATCH_BUCKET"], sys.argv[1])
    print(f"{paid} {time.perf_counter() - started:.6f}")
