"""What a gateway's HTTP answer proves about a charge. Whatever it does not prove is ambiguous, never a failure.

================================  ==========================================================================
answer                            means
================================  ==========================================================================
2xx with a charge                 what the charge says
402 with a declined charge        declined
400, 422 with a ``code``          this payment can never be charged
everything else                   ambiguous: 409, 429, 5xx, a redirect, anything unreadable; 401, 403 and 404
                                  too, for they speak of this client's token and address, not of the payment
================================  ==========================================================================
"""

from __future__ import annotations

import json
from decimal import Decimal
from typing import TYPE_CHECKING, Any, NamedTuple

from payments.domain.errors import GatewayAmbiguous, GatewayRefused
from payments.domain.timestamps import parsed
from payments.ports import Charge, LedgerEntry

if TYPE_CHECKING:
    from datetime import datetime

    from payments.adapters.https import Answer

_SUCCESS = range(200, 300)
_DECLINED = 402
_REFUSED = {400, 422}
_LONGEST_TEXT = 255


def charge_answered(answer: Answer, *, reference: str) -> Charge:
    """Return the charge that ``answer`` to a charge request proves.

    Raises:
        GatewayAmbiguous: it proves nothing.
        GatewayRefused: it proves that there will be no charge.
    """
    if answer.status in _REFUSED:
        raise _refusal(answer)
    if answer.status not in _SUCCESS and answer.status != _DECLINED:
        raise GatewayAmbiguous(f"the gateway answered a charge with {answer.status}")
    charge = _charge(_json(answer), reference=reference)
    if charge.approved and answer.status == _DECLINED:
        raise GatewayAmbiguous("the gateway answered 402 and an approved charge")
    return charge


def charges_listed(answer: Answer, *, reference: str) -> list[Charge]:
    """Return the charges that ``answer`` to a look-up lists; none means that there certainly is none.

    Raises:
        GatewayAmbiguous: it is no such list.
    """
    return [_charge(entry, reference=reference) for entry in _listed(answer)["charges"]]


class Span(NamedTuple):
    """From ``start`` on and before ``end``."""

    start: datetime
    end: datetime


def ledger_page(answer: Answer, span: Span) -> tuple[list[LedgerEntry], str | None]:
    """Return the charges that ``answer`` lists as made in ``span``, and what continues the list, if anything does.

    Raises:
        GatewayAmbiguous: it is no such list, or says of a charge that it was made at another time.
    """
    content = _listed(answer)
    try:
        # Only a list that says to be the last is: one that was cut off would hide what comes after.
        following = None if content["next"] is None else _text(content["next"])
    except (KeyError, TypeError, ValueError) as error:
        raise GatewayAmbiguous("the gateway's list does not say whether it goes on") from error
    return [_entry(entry, span) for entry in content["charges"]], following


def _listed(answer: Answer) -> dict[str, Any]:
    if answer.status not in _SUCCESS:
        raise GatewayAmbiguous(f"the gateway answered a look-up with {answer.status}")
    content = _json(answer)
    if not isinstance(content.get("charges"), list):
        raise GatewayAmbiguous("the gateway answered a look-up without a list of charges")
    return content


def _entry(content: Any, span: Span) -> LedgerEntry:  # noqa: ANN401 - whatever JSON can hold
    try:
        payment_id, charged_at = _text(content["reference"]), parsed(_text(content["created_at"]))
    except (KeyError, TypeError, ValueError) as error:
        raise GatewayAmbiguous("a charge of the gateway's ledger lacks its reference or its time") from error
    if not span.start <= charged_at < span.end:
        raise GatewayAmbiguous("the gateway's ledger lists a charge of another time than was asked for")
    return LedgerEntry(payment_id=payment_id, charge=_charge(content, reference=payment_id), charged_at=charged_at)


def _refusal(answer: Answer) -> GatewayRefused:
    content = _json(answer)
    try:
        return GatewayRefused(_text(content["code"]), str(content.get("detail", ""))[:_LONGEST_TEXT])
    except (KeyError, TypeError, ValueError) as error:
        # Anything on the way can answer 400; only the gateway knows its codes.
        raise GatewayAmbiguous(f"the gateway answered {answer.status} without a code") from error


def _json(answer: Answer) -> dict[str, Any]:
    try:
        content = json.loads(answer.body, parse_float=Decimal, parse_int=Decimal)
    except (ValueError, ArithmeticError, RecursionError) as error:
        raise GatewayAmbiguous(f"the gateway answered {answer.status} and something that is not JSON") from error
    if not isinstance(content, dict):
        raise GatewayAmbiguous(f"the gateway answered {answer.status} and something that is not a JSON object")
    return content


def _charge(content: Any, *, reference: str) -> Charge:  # noqa: ANN401 - whatever JSON can hold
    try:
        approved = {"approved": True, "declined": False}[content["status"]]
        charge = Charge(
            approved=approved,
            reference=_text(content["id"]),
            amount=_amount(content["amount"]),
            currency=_text(content["currency"]),
            decline_code=None if approved else _text(content["decline_code"]),
        )
        answered_for = content["reference"]
    except (KeyError, TypeError, ValueError, ArithmeticError) as error:
        raise GatewayAmbiguous("the gateway's charge lacks a member or has one of another shape") from error
    if answered_for != reference:
        raise GatewayAmbiguous(f"the gateway answered for another reference than {reference}")
    return charge


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError("not a text")
    if not 0 < len(value) <= _LONGEST_TEXT:
        raise ValueError(f"not 1 to {_LONGEST_TEXT} characters long")
    return value


def _amount(value: object) -> Decimal:
    if not isinstance(value, str | Decimal):
        raise TypeError("neither a number nor a decimal string")
    amount = Decimal(value)
    if not amount.is_finite():
        raise ValueError("not a finite number")
    return amount
