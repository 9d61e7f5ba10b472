"""Reads JSON from strangers: exact numbers, no duplicate names, no surprises that differ between parsers (RFC 8259)."""

from __future__ import annotations

import json
from decimal import Decimal, InvalidOperation
from typing import Any, NoReturn

from payments.domain.errors import RequestRefused, Violation

MAX_BODY_BYTES = 65_536
MAX_NUMBER_CHARACTERS = 64


def read_json(body: bytes | str) -> object:
    """Return the value that ``body`` holds; every number is a :class:`~decimal.Decimal`, exactly as written.

    Raises:
        RequestRefused: ``body`` is empty, longer than 64 KiB, not UTF-8, not JSON, nested deeper than the parser goes,
            or has a name twice in an object, a number of more than 64 characters, NaN or Infinity. The message never
            repeats what was sent.
    """
    text = _decoded(body)
    if not text.strip():
        _refuse("is empty; send a JSON object")
    try:
        return json.loads(
            text,
            parse_float=_number,
            parse_int=_number,
            parse_constant=_constant,
            object_pairs_hook=_object,
        )
    except json.JSONDecodeError as error:
        _refuse(f"is not JSON: line {error.lineno}, column {error.colno}", error)
    except RecursionError as error:
        _refuse("is nested too deeply", error)


def _decoded(body: bytes | str) -> str:
    # A text with lone surrogates can't be written as UTF-8 and fails like bytes that are none.
    try:
        raw = body.encode() if isinstance(body, str) else body
        if len(raw) > MAX_BODY_BYTES:
            _refuse(f"is longer than {MAX_BODY_BYTES} bytes")
        return raw.decode()
    except UnicodeError as error:
        _refuse("is not UTF-8", error)


def _number(text: str) -> Decimal:
    if len(text) > MAX_NUMBER_CHARACTERS:
        _refuse(f"has a number of more than {MAX_NUMBER_CHARACTERS} characters")
    try:
        return Decimal(text)
    except InvalidOperation as error:
        _refuse("has a number out of range", error)


def _constant(name: str) -> NoReturn:
    _refuse(f"has {name}, which is no JSON number")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        # Parsers differ in which of the two they keep: what was signed, logged or checked may not be what is paid.
        _refuse("has an object in which a name appears twice")
    return members


def _refuse(detail: str, cause: Exception | None = None) -> NoReturn:
    raise RequestRefused([Violation("", detail)]) from cause
