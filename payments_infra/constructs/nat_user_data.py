"""What a NAT instance runs at its first boot; apart from the instance, for it is proven without Terraform."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


def nat_user_data(sources: Sequence[str]) -> str:
    """Return a script that makes a stock image translate HTTPS connections from ``sources``, and take no others.

    Args:
        sources: IPv4 ranges.
    """
    text = Path(__file__).with_suffix(".sh").read_text(encoding="utf-8")
    return text.replace("@SOURCES@", ", ".join(sources))
