"""Long queues at the cost of short ones: MiniStack looks at every message for each batch it takes or deletes.

With a hundred thousand messages that is most of what the emulator does. The answers stay what they were: messages are
taken from the front, and what was received too often goes to the dead-letter queue at the next look
(https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-dead-letter-queues.html).
"""

import json
import time
from typing import Any

from ministack.core.responses import new_uuid
from ministack.services import sqs

Queue = dict[str, Any]
Message = dict[str, Any]

_RECEIVED = "_received"
_LOOK_SECONDS = 1.0


def apply() -> None:
    """Stop looking where nothing can be found any more."""
    expire, sweep, collect = sqs._expire_retained, sqs._dlq_sweep, sqs._collect_msgs

    def expire_sometimes(queue: Queue) -> None:
        now = time.monotonic()
        if now - queue.get("_expired_at", 0.0) >= _LOOK_SECONDS:
            queue["_expired_at"] = now
            expire(queue)

    def sweep_when_due(queue: Queue) -> None:
        if queue["is_fifo"] or any(_is_due(message, _most_receives(queue)) for message in queue.get(_RECEIVED, [])):
            sweep(queue)
            queue[_RECEIVED] = [message for message in queue["messages"] if message.get("receive_count")]

    def collect_from_the_front(queue: Queue, most: int, visibility_seconds: int) -> list[Message]:
        if queue["is_fifo"]:
            return list(collect(queue, most, visibility_seconds))
        return _collect(queue, most, visibility_seconds)

    sqs._expire_retained = expire_sometimes
    sqs._dlq_sweep = sweep_when_due
    sqs._collect_msgs = collect_from_the_front
    sqs._delete_messages_for_esm = _delete


def _most_receives(queue: Queue) -> float:
    policy = json.loads(queue["attributes"].get("RedrivePolicy") or "{}")
    return float(policy.get("maxReceiveCount", "inf"))


def _is_due(message: Message, most_receives: float) -> bool:
    return bool(message["receive_count"] >= most_receives and message["visible_at"] <= time.time())


def _collect(queue: Queue, most: int, visibility_seconds: int) -> list[Message]:
    now = time.time()
    taken: list[Message] = []
    for message in queue["messages"]:
        if len(taken) == most:
            break
        sqs._ensure_msg_fields(message)
        if message["visible_at"] <= now:
            taken.append(message)
    for message in taken:
        if message["receive_count"] == 0:
            queue.setdefault(_RECEIVED, []).append(message)
        message["receipt_handle"] = new_uuid()
        message["visible_at"] = now + visibility_seconds
        message["receive_count"] += 1
        message["first_receive_at"] = message["first_receive_at"] or now
    return taken


def _delete(queue_url: str, receipt_handles: set[str]) -> None:
    with sqs._queues_lock:
        queue = sqs._get_q(queue_url)
        left, kept, looked_at = set(receipt_handles), [], 0
        for message in queue["messages"]:
            if not left:
                break
            looked_at += 1
            if message.get("receipt_handle") in left:
                left.remove(message["receipt_handle"])
            else:
                kept.append(message)
        queue["messages"][:looked_at] = kept
        queue[_RECEIVED] = [
            message for message in queue.get(_RECEIVED, []) if message["receipt_handle"] not in receipt_handles
        ]
