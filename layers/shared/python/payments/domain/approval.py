"""Approvals: a person's word, without which some payments are never charged.

Whoever is asked gets a token, ``<payment_id>.<secret>``. The secret follows from the waiting workflow's task token, so
that asking again for the same wait names the same token, and a wait that began anew makes the older token worthless.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING

from payments.domain.money import CURRENCY_EXPONENTS, AmountRefused, positive_decimal

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime, timedelta
    from decimal import Decimal

TOKEN_PATTERN = r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}\.[0-9a-f]{64}"  # noqa: S105 - the shape of tokens is no secret
"""What an approval token looks like."""

_SECRET_SCOPE = "payments:approval"  # noqa: S105 - it keeps one text, hashed for two purposes, from giving one value
_LIMIT = re.compile(r"\s*([A-Z]{3})\s*=\s*([0-9.]+)\s*")


class ApprovalState(StrEnum):
    """How far an approval has come. The values are what the table and the API show."""

    REQUIRED = "required"
    ASKED = "asked"
    GRANTED = "granted"
    REFUSED = "refused"


@dataclass(frozen=True, kw_only=True)
class Approval:
    """What a payment needs before it may be charged. Immutable: every step gives a new one.

    ``task_token`` names the workflow's wait that is to be answered, and ``token_hash`` (SHA-256, hex) is what the
    asked person's secret must hash to; both are set once somebody is asked. ``decided_by`` is the name that was given.
    """

    state: ApprovalState
    expires_at: datetime
    task_token: str | None = None
    token_hash: str | None = None
    decided_by: str | None = None

    @property
    def is_pending(self) -> bool:
        """Whether nobody has decided yet."""
        return self.state in {ApprovalState.REQUIRED, ApprovalState.ASKED}

    def as_required(self) -> Approval:
        """Return this approval as it was before anybody was asked."""
        return Approval(state=ApprovalState.REQUIRED, expires_at=self.expires_at)

    def asked(self, *, task_token: str, expires_at: datetime) -> Approval:
        """Return this approval asked for on behalf of the wait ``task_token`` names, until ``expires_at``."""
        return Approval(
            state=ApprovalState.ASKED,
            expires_at=expires_at,
            task_token=task_token,
            token_hash=_hash(_secret(task_token)),
        )

    def decided(self, *, granted: bool, by: str) -> Approval:
        """Return this approval with the word of ``by``."""
        state = ApprovalState.GRANTED if granted else ApprovalState.REFUSED
        return replace(self, state=state, decided_by=by)

    def is_opened_by(self, token: str) -> bool:
        """Return whether ``token`` is the one that was given out last; takes as long for a wrong one as for the right.

        How the payment was found by its token does not matter here: only the secret is compared.
        """
        if self.token_hash is None:
            return False
        return hmac.compare_digest(_hash(token.rpartition(".")[2]), self.token_hash)


@dataclass(frozen=True, kw_only=True)
class ApprovalPolicy:
    """Which payments need an approval: those above their currency's limit, and all in a currency without one."""

    limits: Mapping[str, Decimal]
    timeout: timedelta

    def approval_for(self, amount: Decimal, currency: str, *, now: datetime) -> Approval | None:
        """Return the approval a payment created ``now`` needs, None if it needs none."""
        limit = self.limits.get(currency)
        if limit is not None and amount <= limit:
            return None
        return Approval(state=ApprovalState.REQUIRED, expires_at=now + self.timeout)


def approval_token(payment_id: str, task_token: str) -> str:
    """Return the token by which a person decides the payment for the wait that ``task_token`` names."""
    return f"{payment_id}.{_secret(task_token)}"


def payment_id_in(token: str) -> str | None:
    """Return the id of the payment that ``token`` speaks of, None if it is no approval token."""
    return token.rpartition(".")[0] if re.fullmatch(TOKEN_PATTERN, token) else None


def read_approval_limits(text: str) -> dict[str, Decimal]:
    """Return the limits that ``text`` lists, such as ``USD=10000,EUR=7500.50``; none where it is blank.

    Raises:
        ValueError: ``text`` is no such list; the message names what is wrong.
    """
    limits: dict[str, Decimal] = {}
    for part in filter(str.strip, text.split(",")):
        found = _LIMIT.fullmatch(part)
        if not found or found[1] not in CURRENCY_EXPONENTS:
            raise ValueError(f"must list limits by ISO 4217 code, such as USD=10000,EUR=10000 (got {part.strip()!r})")
        if found[1] in limits:
            raise ValueError(f"must name {found[1]} once")
        try:
            limits[found[1]] = positive_decimal(found[2])
        except AmountRefused as error:
            raise ValueError(f"must have an amount for {found[1]} that {error} (got {found[2]!r})") from error
    return limits


def _secret(task_token: str) -> str:
    return hashlib.sha256(f"{_SECRET_SCOPE}\0{task_token}".encode()).hexdigest()


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
