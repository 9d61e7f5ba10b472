"""Queue messages: a wake-up call that names a payment. What to do follows from the payment's state, never from here."""

from __future__ import annotations

import json

from payments.domain.errors import MessageNotUnderstood
from payments.domain.identifiers import is_payment_id

SCHEMA_VERSION = 1


def encode_message(payment_id: str) -> str:
    """Return the message that wakes a consumer for ``payment_id``."""
    return json.dumps({"schema_version": SCHEMA_VERSION, "payment_id": payment_id}, separators=(",", ":"))


def decode_message(text: str) -> str:
    """Return the payment id that :func:`encode_message` wrote into ``text``.

    Fields a later producer may add are left alone; a changed meaning comes with another ``schema_version``.

    Raises:
        MessageNotUnderstood: ``text`` is no such message. The text is not repeated in the error.
    """
    try:
        message = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise MessageNotUnderstood("the message is not JSON") from error
    if not isinstance(message, dict):
        raise MessageNotUnderstood("the message is not a JSON object")
    # `is int` keeps out true, which equals 1.
    version = message.get("schema_version")
    if type(version) is not int or version != SCHEMA_VERSION:
        raise MessageNotUnderstood(f"the message's schema_version is not {SCHEMA_VERSION}, the one this consumer knows")
    payment_id = message.get("payment_id")
    if not isinstance(payment_id, str) or not is_payment_id(payment_id):
        raise MessageNotUnderstood("the message's payment_id is missing or has another shape")
    return payment_id
