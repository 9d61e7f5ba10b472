"""What MiniStack does more often than it has to: pieces of work to count, each in the emulator's own interpreter.

A script defines `work`, which returns an answer. Counted are the calls of functions, which no other load on the
machine changes.
"""

from __future__ import annotations

import json
import os
import subprocess
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from pathlib import Path

SCRIPTS = {
    "queue_scans": """
from ministack.services import sqs
sqs._act_create_queue({"QueueName": "long", "Attributes": {}}, "")
url = sqs._queue_url("long")
for number in range(1000):
    sqs._act_send_message({"MessageBody": str(number)}, url)
sqs._receive_messages_for_esm(url, 10)
def work():
    taken = sqs._receive_messages_for_esm(url, 10)
    sqs._delete_messages_for_esm(url, {message["receipt_handle"] for message in taken})
    return [message["body"] for message in taken], len(sqs._queues[url]["messages"])
""",
    "request_checks": """
from ministack.core import iam_evaluator
policy = '{"Statement": [{"Effect": "Allow", "Action": ["a:B", "a:C"], "Resource": "*"}]}'
iam_evaluator.parse_policy_document(policy)
def work():
    return [statement.actions for statement in iam_evaluator.parse_policy_document(policy)]
""",
    "request_bodies": """
from ministack.core import iam_actions
body = b'{"TransactItems": [{"Put": {"TableName": "t", "Item": {"id": {"S": "a"}}}}]}'
iam_actions.json.loads(body)
def work():
    return [iam_actions.json.loads(body) for _ in range(3)]
""",
    "expression_tokens": """
from ministack.services import dynamodb
text = "SET #status = :status, #history = list_append(#history, :entry) REMOVE #due"
condition = "attribute_not_exists(id) OR version = :version"
def work():
    faults = dynamodb._condition_syntax_error(condition, "ConditionExpression")
    return dynamodb._tokenize(text) + dynamodb._tokenize(text) + [faults]
work()
""",
    "item_copies": """
from ministack.services import dynamodb
history = [{"M": {"status": {"S": "accepted"}, "key": {"B": b"a"}}} for _ in range(3)]
item = {"history": {"L": history}, "amount": {"N": "1.50"}}
def work():
    copied = dynamodb.copy.deepcopy(item)
    return str(copied), copied["history"]["L"][0] is item["history"]["L"][0]
""",
}
_COUNT = """
import json, sys
from local_aws.overlay.patches import apply_patches
apply_patches(sys.argv[1])
{script}
calls = 0
def count(frame, event, argument):
    global calls
    calls += event in ("call", "c_call")
sys.setprofile(count)
answer = work()
sys.setprofile(None)
print(json.dumps([calls, answer]))
"""


class Counted(NamedTuple):
    """How many calls a piece of work took, and what came of it."""

    calls: int
    answer: Any


def counted(name: str, *, python: Path, root: Path, overlay: str) -> Counted:
    """Run a script's work with the patches named in ``overlay``."""
    done = subprocess.run(  # noqa: S603 - the script is one of the above
        [python, "-c", _COUNT.format(script=SCRIPTS[name]), overlay],
        cwd=root,
        env={"PATH": os.environ["PATH"], "LOG_LEVEL": "ERROR"},
        capture_output=True,
        text=True,
        check=True,
    )
    return Counted(*json.loads(done.stdout.splitlines()[-1]))
