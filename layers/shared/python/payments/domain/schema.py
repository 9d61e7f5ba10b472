"""Kinds of fields. Each says once what it takes, for the validation and for the JSON Schema alike."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from payments.domain.card_numbers import CARD_NUMBER_REFUSED, holds_card_number
from payments.domain.errors import Violation
from payments.domain.money import AMOUNT_PATTERN, MAX_INTEGER_DIGITS, AmountRefused, positive_decimal
from payments.domain.pointers import is_plain

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

PRINTABLE = r"[^\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]*"
"""No control characters, line or paragraph separators, or overrides of writing direction: they forge lines of logs and
reports. Lone surrogates are no characters, and are not named: to some readers of patterns each emoji has two of them.
"""

# A text with one can't be written as UTF-8.
_SURROGATE = re.compile("[\ud800-\udfff]")


class Kind(Protocol):
    """What a field takes."""

    def schema(self) -> dict[str, Any]:
        """Return the JSON Schema (draft 2020-12) of what is taken."""
        ...

    def read(self, value: object, pointer: str, violations: list[Violation]) -> Any:  # noqa: ANN401 - any JSON value
        """Return ``value`` in its stored form; add to ``violations`` what speaks against it."""
        ...


@dataclass(frozen=True, kw_only=True)
class Text:
    """A string that matches ``pattern`` as a whole; ``shape`` says the same to people.

    Lengths count Unicode code points of the NFC form, which is what is stored and hashed: one text, however a client's
    keyboard composed it, is one request.
    """

    pattern: str
    shape: str
    min_length: int = 1
    max_length: int

    def schema(self) -> dict[str, Any]:
        """Return the JSON Schema; that a card number is refused goes beyond what it can say."""
        return {
            "type": "string",
            "minLength": self.min_length,
            "maxLength": self.max_length,
            "pattern": f"^{self.pattern}$",
        }

    def read(self, value: object, pointer: str, violations: list[Violation]) -> str:
        """Return the text in NFC."""
        if not isinstance(value, str):
            violations.append(Violation(pointer, "must be a string"))
            return ""
        text = unicodedata.normalize("NFC", value)
        fits = self.min_length <= len(text) <= self.max_length and re.fullmatch(self.pattern, text) is not None
        if not fits or _SURROGATE.search(text):
            violations.append(Violation(pointer, f"must be {self.shape}"))
        elif holds_card_number(text):
            violations.append(Violation(pointer, CARD_NUMBER_REFUSED))
        return text


@dataclass(frozen=True, kw_only=True)
class Choice:
    """One of a fixed set of strings."""

    options: Collection[str]
    shape: str

    def schema(self) -> dict[str, Any]:
        """Return the JSON Schema."""
        return {"type": "string", "enum": sorted(self.options)}

    def read(self, value: object, pointer: str, violations: list[Violation]) -> str:
        """Return the option chosen."""
        if isinstance(value, str) and value in self.options:
            return value
        violations.append(Violation(pointer, f"must be {self.shape}"))
        return ""


class Amount:
    """A JSON number or a decimal string, above zero. How many decimals it may have depends on the currency."""

    def schema(self) -> dict[str, Any]:
        """Return the JSON Schema, without the currency's part of the rule."""
        return {
            "oneOf": [
                {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 10**MAX_INTEGER_DIGITS},
                {"type": "string", "pattern": AMOUNT_PATTERN},
            ]
        }

    def read(self, value: object, pointer: str, violations: list[Violation]) -> Any:  # noqa: ANN401 - Decimal or None
        """Return the number, not yet in the decimals of a currency; None if it is none."""
        try:
            return positive_decimal(value)
        except AmountRefused as error:
            violations.append(Violation(pointer, str(error)))
            return None


@dataclass(frozen=True, kw_only=True)
class TextMap:
    """A flat object of strings."""

    max_entries: int
    name: Text
    value: Text

    def schema(self) -> dict[str, Any]:
        """Return the JSON Schema."""
        return {
            "type": "object",
            "maxProperties": self.max_entries,
            "propertyNames": self.name.schema(),
            "additionalProperties": self.value.schema(),
        }

    def read(self, value: object, pointer: str, violations: list[Violation]) -> dict[str, str]:
        """Return the map with its texts in NFC."""
        if not isinstance(value, dict):
            violations.append(Violation(pointer, "must be an object of strings"))
            return {}
        if len(value) > self.max_entries:
            violations.append(Violation(pointer, f"must have at most {self.max_entries} entries"))
            return {}
        return dict(self._entries(value, pointer, violations))

    def _entries(
        self, entries: dict[object, object], pointer: str, violations: list[Violation]
    ) -> Iterator[tuple[str, str]]:
        for name, text in entries.items():
            # A name at fault is not repeated: it may be the very thing that must not be printed.
            faults: list[Violation] = []
            self.name.read(name, pointer, faults)
            violations.extend(Violation(pointer, f"has a name that {fault.detail}") for fault in faults)
            at = pointer if faults else f"{pointer}/{name}"
            yield str(name), self.value.read(text, at, violations)


def unknown_fields(names: Collection[str], known: Collection[str]) -> Iterator[Violation]:
    """Yield one violation for each plain name that is not known, and one for all the other names together."""
    unknown = [name for name in names if name not in known]
    named = [name for name in unknown if is_plain(name)][:20]
    for name in named:
        yield Violation(f"/{name}", f"is not known here; known are {', '.join(known)}")
    if len(unknown) > len(named):
        yield Violation("", f"has {len(unknown) - len(named)} more names that are not known here")
