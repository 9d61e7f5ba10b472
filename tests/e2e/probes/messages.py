"""Where MiniStack brings messages and stream records to functions otherwise than Lambda."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

from tests.e2e.client import eventually

if TYPE_CHECKING:
    from tests.e2e.probes.account import Account

PARTIAL = ["ReportBatchItemFailures"]

READ = "ids = [record['dynamodb']['Keys']['id']['S'] for record in event['Records']]; print(json.dumps(ids))"
REPORTS_THE_FIRST_B_ONCE = f"""
import json
seen = set()
def handler(event, context):
    {READ}
    failed = [r['dynamodb']['SequenceNumber'] for r, i in zip(event['Records'], ids) if i == 'b' and not seen]
    seen.update(failed)
    return {{'batchItemFailures': [{{'itemIdentifier': number}} for number in failed]}}
"""
RAISES_FOR_B = f"""
import json
def handler(event, context):
    {READ}
    if 'b' in ids:
        raise ValueError('b')
"""
PRINTS = f"""
import json
def handler(event, context):
    {READ}
"""
WAITS_FOR_A_MESSAGE = """
import json, os, time, boto3
def handler(event, context):
    marks = boto3.client('dynamodb')
    marks.put_item(TableName='marks', Item={'id': {'S': 'busy'}})
    for _ in range(50):
        if marks.get_item(TableName='marks', Key={'id': {'S': 'message'}}).get('Item'):
            break
        time.sleep(0.1)
    else:
        print(json.dumps('stalled'), flush=True)
    print(json.dumps('ended'), flush=True)
"""
LEAVES_A_MARK = """
import boto3
def handler(event, context):
    boto3.client('dynamodb').put_item(TableName='marks', Item={'id': {'S': 'message'}})
"""
TELLS_WHO_IT_IS = """
import json, os, time
def handler(event, context):
    time.sleep(1)
    print(json.dumps([os.getpid()]), flush=True)
"""
NAMES_AN_UNKNOWN_MESSAGE = """
def handler(event, context):
    return {'batchItemFailures': [{'itemIdentifier': ''}]}
"""


def queue_mappings(account: Account) -> None:
    """An answer that names no message of the batch fails all of it, until the dead-letter queue has it."""
    dead_url, dead_arn = account.queue("unknown-dead")
    redrive = json.dumps({"deadLetterTargetArn": dead_arn, "maxReceiveCount": 1})
    url, arn = account.queue("unknown", VisibilityTimeout="1", RedrivePolicy=redrive)
    account.function("unknown", NAMES_AN_UNKNOWN_MESSAGE)
    account.map(arn, "unknown", FunctionResponseTypes=PARTIAL)
    account.sqs.send_message(QueueUrl=url, MessageBody='"kept"')
    assert eventually(lambda: account.received(dead_url), bool, timeout_seconds=account.patience_seconds) == ["kept"]


def stream_mappings(account: Account) -> None:
    """A record that failed comes again, with those after it; those before it do not."""
    stream = account.stream("partial")
    account.put("partial", "a", "b", "c")
    account.function("partial", REPORTS_THE_FIRST_B_ONCE)
    account.map(stream, "partial", FunctionResponseTypes=PARTIAL)
    deliveries = eventually(
        lambda: account.printed("partial"), lambda seen: len(seen) > 1, timeout_seconds=account.patience_seconds
    )
    assert deliveries == [["a", "b", "c"], ["b", "c"]]


def stream_mappings_give_up(account: Account) -> None:
    """A record out of retries goes, alone, to the failure destination, and the ones around it are done."""
    stream = account.stream("poison")
    dead_url, dead_arn = account.queue("poison-dead")
    account.put("poison", "a", "b", "c")
    account.function("poison", RAISES_FOR_B)
    account.map(
        stream,
        "poison",
        BisectBatchOnFunctionError=True,
        MaximumRetryAttempts=1,
        DestinationConfig={"OnFailure": {"Destination": dead_arn}},
    )
    (notice,) = eventually(lambda: account.received(dead_url), bool, timeout_seconds=account.patience_seconds)
    assert notice["requestContext"]["condition"] == "RetryAttemptsExhausted"
    assert notice["DDBStreamBatchInfo"]["batchSize"] == 1
    done = eventually(
        lambda: account.printed("poison"), lambda seen: ["c"] in seen, timeout_seconds=account.patience_seconds
    )
    assert ["a"] in done


def stream_mappings_stall_nothing(account: Account) -> None:
    """While one function is busy with its stream, another's queue is served."""
    account.stream("marks")
    stream = account.stream("slow")
    url, arn = account.queue("fast")
    account.function("slow", WAITS_FOR_A_MESSAGE)
    account.function("fast", LEAVES_A_MARK)
    account.map(arn, "fast")
    account.map(stream, "slow")
    account.put("slow", "a")
    busy = {"id": {"S": "busy"}}
    eventually(lambda: account.dynamodb.get_item(TableName="marks", Key=busy).get("Item"), bool)
    account.sqs.send_message(QueueUrl=url, MessageBody='"go"')
    assert eventually(lambda: account.printed("slow"), bool) == ["ended"]


def event_filters(account: Account) -> None:
    """A number in a table is text in its stream, which no numeric filter matches."""
    stream = account.stream("numbers")
    account.put("numbers", "plain", amount="5")
    account.put("numbers", "wanted", amount="7")
    image = [{"N": [{"numeric": [">", 0]}]}, {"N": ["7"]}]
    patterns = [json.dumps({"dynamodb": {"NewImage": {"amount": rule}}}) for rule in image]
    account.function("numbers", PRINTS)
    account.map(stream, "numbers", FilterCriteria={"Filters": [{"Pattern": pattern} for pattern in patterns]})
    assert eventually(lambda: account.printed("numbers"), bool, timeout_seconds=account.patience_seconds) == [
        ["wanted"]
    ]


def mapping_concurrency(account: Account) -> None:
    """One queue keeps no more processes busy than this machine can run."""
    url, arn = account.queue("crowd")
    batches = 4 * (os.cpu_count() or 1) + 1
    account.function("crowd", TELLS_WHO_IT_IS)
    for _ in range(batches):
        account.sqs.send_message(QueueUrl=url, MessageBody="{}")
    account.map(arn, "crowd", BatchSize=1)
    told = eventually(
        lambda: account.printed("crowd"),
        lambda seen: len(seen) == batches,
        timeout_seconds=10 * account.patience_seconds,
    )
    assert len({pid for (pid,) in told}) <= 2 * (os.cpu_count() or 1)
