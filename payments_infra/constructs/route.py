"""One route of an HTTP API: which method and path, answered by which function, asking what of the caller."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

METHODS = frozenset({"DELETE", "GET", "HEAD", "PATCH", "POST", "PUT"})
"""Methods a route may answer. ``ANY`` is left out: a route says what it serves."""

_PATH = re.compile(r"/|(/([A-Za-z0-9._-]+|\{[A-Za-z0-9_]+\}))+")
_PATH_PARAMETER = re.compile(r"\{([A-Za-z0-9_]+)\}")
_PARAMETER = re.compile(r"(querystring|header)\.[A-Za-z0-9._-]+")


class Invocable(Protocol):
    """What a route needs of a function."""

    @property
    def invoke_arn(self) -> str:
        """ARN API Gateway invokes the function by."""

    def grant_invoke(self, id_: str, *, principal: str, source_arn: str) -> None:
        """Let the service ``principal`` invoke the function on behalf of ``source_arn`` only."""


@dataclass(frozen=True, kw_only=True)
class Route:
    """One method on one path.

    Args:
        method: HTTP method, upper case.
        path: absolute path; a segment in braces is a parameter: ``/payments/{payment_id}``.
        function: answers the request.
        body_model: name of the model the body must match; None where the request has no body.
        required_parameters: query parameters and headers that must be present and not blank, as
            ``querystring.customer_id`` or ``header.Accept``. Path parameters are always required.

    Raises:
        ValueError: the method, the path or a parameter is nothing API Gateway could serve.
    """

    method: str
    path: str
    function: Invocable
    body_model: str | None = None
    required_parameters: Sequence[str] = ()

    def __post_init__(self) -> None:
        if self.method not in METHODS:
            raise ValueError(f"method must be one of {', '.join(sorted(METHODS))}, got {self.method!r}")
        if not _PATH.fullmatch(self.path):
            raise ValueError(
                f"path must be / or segments of letters, digits, '.', '_', '-' or one {{parameter}} each, "
                f"got {self.path!r}"
            )
        for parameter in self.required_parameters:
            if not _PARAMETER.fullmatch(parameter):
                raise ValueError(
                    f"required parameter must look like querystring.name or header.Name, got {parameter!r}"
                )

    @property
    def id(self) -> str:
        """The route as part of a construct id, for example ``get_payments_payment_id``."""
        return f"{self.method.lower()}_{path_id(self.path)}"

    @property
    def request_parameters(self) -> dict[str, bool]:
        """Every parameter of the request that must be there, in API Gateway's notation."""
        names = [f"path.{name}" for name in _PATH_PARAMETER.findall(self.path)]
        return {f"method.request.{name}": True for name in (*names, *self.required_parameters)}

    @property
    def arn_suffix(self) -> str:
        """Method and path as an execute-api ARN names them: any value of a path parameter is ``*``.

        https://docs.aws.amazon.com/apigateway/latest/developerguide/arn-format-reference.html
        """
        return f"{self.method}{_PATH_PARAMETER.sub('*', self.path)}"


def path_id(path: str) -> str:
    """Return ``path`` as part of a construct id, for example ``payments_payment_id``; ``root`` for ``/``."""
    return re.sub(r"[^a-z0-9]+", "_", path.lower()).strip("_") or "root"


def refuse_clashing_routes(routes: Sequence[Route]) -> None:
    """Refuse a set of routes API Gateway could not tell apart.

    Raises:
        ValueError: there is no route; one stands there twice; or two name the same path parameter differently, which
            API Gateway refuses in the middle of an apply.
    """
    if not routes:
        raise ValueError("an API needs at least one route")
    twice = [f"{method} {path}" for (method, path), n in Counter((r.method, r.path) for r in routes).items() if n > 1]
    if twice:
        raise ValueError(f"each method and path may be routed once, routed again: {', '.join(twice)}")
    names: dict[str, str] = {}
    for route in routes:
        for match in _PATH_PARAMETER.finditer(route.path):
            first = names.setdefault(route.path[: match.start()], match.group())
            if first != match.group():
                raise ValueError(f"{route.path} calls {match.group()} what another route calls {first}: use one name")
