"""What must hold of every answer, whatever was asked: the faults of one answer, in words."""

from __future__ import annotations

import json
import re
import unicodedata
from typing import TYPE_CHECKING, Any

from openapi_schema_validator import OAS31Validator

from tests.hostile.material import digits_in

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from tests.hostile.requests import Hostile
    from tests.hostile.site import Site

MEMBERS = {"type", "title", "status", "detail", "instance", "errors"}
"""Members of a problem document, all of which every refusal has."""

LOGGED_OF_A_REFUSAL = {
    *("level", "location", "message", "timestamp", "service", "function_request_id", "request_id", "route", "status"),
    "xray_trace_id",
}

LONGEST_REFUSAL_CHARACTERS = 20_000

_POINTER = re.compile(r"(/[A-Za-z0-9_.-]+)*")


class Judge:
    """Holds answers to what ``openapi.json`` says of them, and to what no schema can say."""

    def __init__(self, description: Mapping[str, Any]) -> None:
        self._bodies = {
            worker: OAS31Validator({**_reference(name), "components": description["components"]})
            for worker, name in (("validator", "PaymentRequest"), ("approver", "DecisionRequest"))
        }
        self._problem = OAS31Validator({**_reference("Problem"), "components": description["components"]})

    def faults(self, request: Hostile, answer: Mapping[str, Any]) -> Iterator[str]:
        """Yield what is wrong with ``answer``."""
        status = answer["statusCode"]
        if status >= 500:
            yield f"answered with {status}"
        yield from self._of_refusal(request, answer) if status >= 400 else self._of_success(request)

    def _of_refusal(self, request: Hostile, answer: Mapping[str, Any]) -> Iterator[str]:
        problem = json.loads(answer["body"])
        if answer["headers"]["Content-Type"] != "application/problem+json":
            yield "a refusal that is no problem document"
        if problem.keys() != MEMBERS or problem["status"] != answer["statusCode"]:
            yield "a problem document that lacks members, or says another status"
        yield from (f"not as described: {error.message}" for error in self._problem.iter_errors(problem))
        if len(answer["body"]) > LONGEST_REFUSAL_CHARACTERS:
            yield "a refusal that is very long"
        pointers = [error["pointer"] for error in problem.get("errors", ())]
        if not pointers or not all(_POINTER.fullmatch(pointer) for pointer in pointers):
            yield "nothing is pointed to, or not by a JSON pointer"
        if request.refused_at is not None and request.refused_at not in pointers:
            yield f"refused at {pointers}, and not at {request.refused_at!r}"
        if any(private in answer["body"] for private in request.private):
            yield "a refusal repeats what was sent"

    def _of_success(self, request: Hostile) -> Iterator[str]:
        if request.refused_at is not None:
            yield f"taken, in spite of {request.refused_at!r}"
        validator = self._bodies.get(request.worker)
        if validator is not None:
            # What is counted are the characters of the normal form.
            body = _parsed(unicodedata.normalize("NFC", request.text() or ""))
            yield from (f"taken, in spite of the schema: {error.message}" for error in validator.iter_errors(body))


def traces(
    request: Hostile, answer: Mapping[str, Any], *, site: Site, before: Sequence[int], log: str
) -> Iterator[str]:
    """Yield what was left behind and must not be: in the tables since ``before``, in the ``log``, or in the answer."""
    if answer["statusCode"] >= 400:
        if site.written() != before:
            yield "a refused request was written to a table"
        yield from _in_log(request, log)
    yield from _cards(request, answer, log)


def _in_log(request: Hostile, log: str) -> Iterator[str]:
    lines = [json.loads(line) for line in log.splitlines()]
    if [line.keys() - LOGGED_OF_A_REFUSAL for line in lines] != [set()]:
        yield "a refusal is more than one line of the log, or says more than that it was answered"
    if any(private in said for said in (log, *map(_readable, lines)) for private in request.private):
        yield "the log holds what was sent"


def _cards(request: Hostile, answer: Mapping[str, Any], log: str) -> Iterator[str]:
    said = _readable(json.loads(answer["body"])) + log
    if any(card in part for card in request.cards for part in (said, digits_in(said) if not said.isascii() else "")):
        yield "a card number is answered, or logged"


def _parsed(text: str) -> object:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _readable(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def _reference(name: str) -> dict[str, Any]:
    return {"$ref": f"#/components/schemas/{name}"}
