"""What can go wrong between a botocore client and AWS, and what was asked of AWS meanwhile."""

from __future__ import annotations

from contextlib import contextmanager
from io import BytesIO
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError, ReadTimeoutError
from botocore.response import StreamingBody
from urllib3.exceptions import ProtocolError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

Client = Any
"""Any botocore client; its classes are made at run time."""


def lose_next_answer(client: Client) -> None:
    """Let the next request of ``client`` take effect and its answer get lost, so that botocore itself tries again."""
    endpoint = client._endpoint  # noqa: SLF001 - between sending and retrying there is no public place
    send = endpoint._do_get_response  # noqa: SLF001

    def send_and_lose(*arguments: Any) -> tuple[None, Exception]:  # noqa: ANN401 - passed on as they come
        endpoint._do_get_response = send  # noqa: SLF001
        send(*arguments)
        return None, ReadTimeoutError(endpoint_url="the answer is lost")

    endpoint._do_get_response = send_and_lose  # noqa: SLF001


@contextmanager
def failing(client: Client, operation: str, *, times: int, **error: Any) -> Iterator[None]:  # noqa: ANN401 - an answer
    """Let ``operation`` be answered with ``error`` (``Code`` and whatever else AWS would say), ``times`` times."""
    left = [times]

    def fail(**_: object) -> None:
        if left[0]:
            left[0] -= 1
            response: Any = {"Error": {"Code": error["Code"], "Message": "as asked"}, **error}
            raise ClientError(response, operation)

    with _hooked(client, f"before-call.*.{operation}", fail):
        yield


@contextmanager
def unanswered(client: Client, operation: str) -> Iterator[None]:
    """Let nobody answer ``operation``, however often botocore tries again."""

    def fail(**_: object) -> None:
        raise ReadTimeoutError(endpoint_url="nobody answers")

    with _hooked(client, f"before-call.*.{operation}", fail):
        yield


@contextmanager
def asked(client: Client, operation: str) -> Iterator[list[Mapping[str, Any]]]:
    """Collect the parameters of every ``operation``."""
    requests: list[Mapping[str, Any]] = []

    def note(params: Mapping[str, Any], **_: object) -> None:
        requests.append(params)

    with _hooked(client, f"provide-client-params.*.{operation}", note):
        yield requests


@contextmanager
def operations(client: Client) -> Iterator[list[str]]:
    """Collect the name of every operation that is asked for."""
    names: list[str] = []

    def note(model: Any, **_: object) -> None:  # noqa: ANN401 - botocore makes it of its data
        names.append(model.name)

    with _hooked(client, "before-call", note):
        yield names


class _BreakingStream(BytesIO):
    """Gives what it holds, and then breaks instead of ending."""

    def read(self, size: int | None = -1, /) -> bytes:
        piece = super().read(size)
        if not piece and size:
            raise ProtocolError("Connection broken")
        return piece


@contextmanager
def breaking_off(client: Client, *, after_bytes: int, times: int) -> Iterator[None]:
    """Let the connection of an S3 object's body break ``after_bytes``, ``times`` times."""
    left = [times]

    def break_off(parsed: dict[str, Any], **_: object) -> None:
        if left[0] and "Body" in parsed:
            left[0] -= 1
            begun = _BreakingStream(parsed["Body"].read()[:after_bytes])
            parsed["Body"] = StreamingBody(begun, parsed["ContentLength"])

    with _hooked(client, "after-call.*.GetObject", break_off):
        yield


@contextmanager
def reading_at_most(client: Client, count: int) -> Iterator[None]:
    """Let every BatchGetItem read ``count`` items and leave the others unprocessed."""

    def leave_out(parsed: dict[str, Any], **_: object) -> None:
        for table, items in parsed["Responses"].items():
            left = [{"payment_id": item["payment_id"]} for item in items[count:]]
            parsed["Responses"][table] = items[:count]
            if left:
                parsed["UnprocessedKeys"] = {table: {"Keys": left}}

    with _hooked(client, "after-call.*.BatchGetItem", leave_out):
        yield


@contextmanager
def _hooked(client: Client, event: str, hook: Any) -> Iterator[None]:  # noqa: ANN401 - botocore gives each its own arguments
    client.meta.events.register(event, hook)
    try:
        yield
    finally:
        client.meta.events.unregister(event, hook)
