"""Text that is written once everybody has had their say."""

from __future__ import annotations

from typing import TYPE_CHECKING

import jsii
from cdktf import IStringProducer, Lazy

if TYPE_CHECKING:
    from collections.abc import Callable

    from cdktf import IResolveContext


@jsii.implements(IStringProducer)
class _Producer:
    def __init__(self, write: Callable[[], str]) -> None:
        self._write = write

    def produce(self, context: IResolveContext) -> str:
        del context
        return self._write()


def lazy_text(write: Callable[[], str]) -> str:
    """Return a token for what ``write`` returns when the stack is synthesized.

    A policy that many add to is then handed over once, not after every addition; each hand-over is a call to jsii.
    """
    return str(Lazy.string_value(_Producer(write)))
