"""The runbook as monitoring sees it: what may ring, and where it is written what to do then."""

from __future__ import annotations

import re
from dataclasses import dataclass

_HEADING = re.compile(r"^(#{2,3}) (.+)$", re.MULTILINE)


@dataclass(frozen=True, kw_only=True)
class Entry:
    """What to do about one kind of alarm.

    Args:
        title: its heading.
        section: the heading it stands below.
        url: where a person reads it.
    """

    title: str
    section: str
    url: str


@dataclass(frozen=True, kw_only=True)
class Runbook:
    """Entries by anchor, in the order they stand in the document."""

    entries: dict[str, Entry]

    @classmethod
    def parse(cls, text: str, *, url: str) -> Runbook:
        """Return the runbook that Markdown ``text`` holds: sections are its ``##``, entries its ``###`` headings.

        Args:
            text: the document.
            url: where it is read, without an anchor.

        Raises:
            ValueError: an entry stands before the first section, or two entries have the same title.
        """
        entries: dict[str, Entry] = {}
        section = ""
        for level, title in _HEADING.findall(text):
            if level == "##":
                section = title
                continue
            anchor = anchor_of(title)
            if not section or anchor in entries:
                raise ValueError(f"runbook entry {title!r} must stand below a ## section, and only once")
            entries[anchor] = Entry(title=title, section=section, url=f"{url}#{anchor}")
        return cls(entries=entries)

    def entry(self, anchor: str) -> Entry:
        """Return the entry ``anchor``.

        Raises:
            ValueError: there is none.
        """
        if anchor not in self.entries:
            raise ValueError(
                f"the runbook has no entry {anchor!r}: write one, or name one of {', '.join(self.entries) or 'none'}"
            )
        return self.entries[anchor]


def anchor_of(title: str) -> str:
    """Return the anchor that GitHub and most Markdown readers give a heading."""
    return re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")
