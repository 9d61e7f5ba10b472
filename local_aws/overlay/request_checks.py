"""Permissions at a lower cost: MiniStack reads a role's policies, and resolves its credentials, anew for each request.

What a policy says depends on its text alone, and a caller's name on its credentials alone, so every answer stays.
"""

import copy
from functools import lru_cache
from typing import Any

from ministack.core import iam_evaluator
from ministack.core.responses import _account_from_sts_session, get_account_id
from ministack.core.router import extract_access_key_id

_POLICIES_REMEMBERED = 1000


def apply() -> None:
    """Parse each text once, and name callers without their policies."""
    parse = iam_evaluator.parse_policy_document
    remembered = lru_cache(_POLICIES_REMEMBERED)(parse)

    def parse_once(document: Any) -> Any:
        return copy.copy(remembered(document)) if isinstance(document, str) else parse(document)

    iam_evaluator.parse_policy_document = parse_once
    iam_evaluator.request_caller_arn = _caller_arn


def _caller_arn(headers: dict[str, str], query: Any = None) -> str:
    key = extract_access_key_id(headers or {}, query or {})
    account = _account_from_sts_session(key) or get_account_id()
    found = iam_evaluator.resolve_credential(key, account) if key else None
    named = found.principal_arn if isinstance(found, iam_evaluator.ResolvedCredential) else ""
    return str(named) or f"arn:aws:iam::{get_account_id()}:root"
