"""Definitions of state machines: files of the Amazon States Language with places left open for what is deployed."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

FOLDER = Path(__file__).with_name("workflows")

_PLACEHOLDER = re.compile(r"\$\{(\w*)\}")


def definition(name: str, values: Mapping[str, str | int], *, folder: Path = FOLDER) -> str:
    """Return the definition ``{name}.asl.json`` with each ``${placeholder}`` replaced by its value, as JSON.

    A placeholder that is a whole string becomes its value, so that a number stays a number; within a longer string only
    text may stand.

    Args:
        name: the file, without ``.asl.json``.
        values: what each placeholder stands for; ARNs and names of what is deployed, and numbers.
        folder: where the file is.

    Raises:
        ValueError: a placeholder has no value, a value no placeholder, or a number stands within a longer string; the
            message says which.
    """
    text = (folder / f"{name}.asl.json").read_text("utf-8")
    _refuse_other_names(name, found=set(_PLACEHOLDER.findall(text)), given=set(values))
    return json.dumps(_filled(json.loads(text), values), ensure_ascii=False, separators=(",", ":"))


def _refuse_other_names(name: str, *, found: set[str], given: set[str]) -> None:
    if missing := found - given:
        raise ValueError(f"the definition {name!r} has placeholders without a value: {_listed(missing)}")
    if unused := given - found:
        raise ValueError(f"the definition {name!r} has no placeholder for: {_listed(unused)}")


def _filled(part: Any, values: Mapping[str, str | int]) -> Any:  # noqa: ANN401 - any JSON
    if isinstance(part, dict):
        return {key: _filled(value, values) for key, value in part.items()}
    if isinstance(part, list):
        return [_filled(value, values) for value in part]
    if not isinstance(part, str):
        return part
    if whole := _PLACEHOLDER.fullmatch(part):
        return values[whole[1]]
    return _PLACEHOLDER.sub(lambda place: _text(place[1], values[place[1]]), part)


def _text(name: str, value: str | int) -> str:
    if not isinstance(value, str):
        raise ValueError(f"the placeholder {name!r} stands within a string and takes text, got {value!r}")  # noqa: TRY004 - one kind of error for one kind of mistake
    return value


def _listed(names: set[str]) -> str:
    return ", ".join(sorted(names))
