"""Reads JSON from strangers: exact numbers, no duplicate names, no surprises that differ between parsers (RFC 8259)."""

from __future__ import annotations

import json
from collections import Counter, deque
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any, NoReturn

from payments.domain.errors import BodyTooLong, RequestRefused, Violation
from payments.domain.pointers import is_plain, pointer_to

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_BODY_BYTES = 65_536
MAX_NUMBER_CHARACTERS = 64
MAX_DEPTH = 16
"""Levels of objects and lists, one within another; a request has two."""


@dataclass(frozen=True)
class _Fault:
    """Stands in the value where the body says what may not be said; where that is, the parser's hooks can't tell."""

    detail: str


def read_json(body: bytes | str) -> object:
    """Return the value that ``body`` holds; every number is a :class:`~decimal.Decimal`, exactly as written.

    Raises:
        BodyTooLong: ``body`` is longer than 64 KiB.
        RequestRefused: ``body`` is empty, not UTF-8, not JSON, nested too deeply, or has a name twice in an object, a
            number of more than 64 characters, NaN or Infinity; each is pointed to. The message never repeats what was
            sent.
    """
    text = _decoded(body)
    if not text.strip():
        _refuse("is empty; send a JSON object")
    try:
        value = json.loads(
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
    violations = list(_faults_in(value))
    if violations:
        raise RequestRefused(violations)
    return value


def _decoded(body: bytes | str) -> str:
    # A text with lone surrogates can't be written as UTF-8 and fails like bytes that are none.
    try:
        raw = body.encode() if isinstance(body, str) else body
        if len(raw) > MAX_BODY_BYTES:
            raise BodyTooLong([Violation("", f"is longer than {MAX_BODY_BYTES} bytes")])
        return raw.decode()
    except UnicodeError as error:
        _refuse("is not UTF-8", error)


def _number(text: str) -> Decimal | _Fault:
    if len(text) > MAX_NUMBER_CHARACTERS:
        return _Fault(f"has a number of more than {MAX_NUMBER_CHARACTERS} characters")
    try:
        return Decimal(text)
    except InvalidOperation:
        return _Fault("has a number out of range")


def _constant(name: str) -> _Fault:
    return _Fault(f"has {name}, which is no JSON number")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        # Parsers differ in which of the two they keep: what was signed, logged or checked may not be what is paid.
        for name, count in Counter(name for name, _ in pairs).items():
            if count > 1:
                members[name] = _Fault("appears twice" if is_plain(name) else "has a name that appears twice")
    return members


def _faults_in(value: object) -> Iterator[Violation]:
    # A queue and not recursion: how deep a body is nested must not decide whether it is answered.
    waiting: deque[tuple[tuple[str | int, ...], object]] = deque([((), value)])
    while waiting:
        names, found = waiting.popleft()
        if isinstance(found, _Fault):
            yield Violation(pointer_to(*names), found.detail)
        elif isinstance(found, dict | list):
            if len(names) == MAX_DEPTH:
                yield Violation(pointer_to(*names), "is nested too deeply")
                continue
            members = found.items() if isinstance(found, dict) else enumerate(found)
            waiting.extend(((*names, name), member) for name, member in members)


def _refuse(detail: str, cause: Exception | None = None) -> NoReturn:
    raise RequestRefused([Violation("", detail)]) from cause
