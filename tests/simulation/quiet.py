"""A logger that says nothing: runs log millions of lines."""

from __future__ import annotations

from functools import cache
from typing import Self


class QuietLog:
    """As much of Powertools' logger as the handlers use."""

    @classmethod
    @cache
    def the_one(cls) -> Self:
        return cls()

    def thread_safe_clear_keys(self) -> None: ...
    def thread_safe_append_keys(self, **_: object) -> None: ...
    def info(self, *_: object, **__: object) -> None: ...
    def warning(self, *_: object, **__: object) -> None: ...
    def error(self, *_: object, **__: object) -> None: ...
    def exception(self, *_: object, **__: object) -> None: ...
