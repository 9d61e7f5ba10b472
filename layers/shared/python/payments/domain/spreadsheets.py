"""Texts of others, fit to be opened in a spreadsheet."""

from __future__ import annotations

# What makes a spreadsheet take a cell for a formula (OWASP, CSV Injection).
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def inert(text: str) -> str:
    """Return ``text``, an apostrophe before it where a spreadsheet would compute it."""
    return f"'{text}" if text.startswith(_FORMULA_STARTS) else text
