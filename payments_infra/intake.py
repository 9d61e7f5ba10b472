"""What the API serves: payments taken in and shown, batches shown, approvals decided."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from payments.domain import decision, request
from payments_infra.constructs.api import Api
from payments_infra.constructs.api_access import Limits
from payments_infra.constructs.api_log_role import ApiLogRole
from payments_infra.constructs.route import Route
from payments_infra.constructs.web_acl import WebAcl
from payments_infra.workers import OPEN_DEADLINE_SECONDS

if TYPE_CHECKING:
    from payments_infra.ground import Ground
    from payments_infra.storage import Storage
    from payments_infra.workers import Workers

API_TIMEOUT_SECONDS = 15
"""Longest run of a function the API waits for."""


class Intake:
    """Validator, query and approver, and the API before them.

    Args:
        ground: what everything stands on.
        workers: makes the functions.
        storage: what is taken in and shown.
    """

    def __init__(self, *, ground: Ground, workers: Workers, storage: Storage) -> None:
        self._ground = ground
        payments = {"PAYMENTS_TABLE": storage.payments.name}
        open_deadline = {"OPEN_DEADLINE_SECONDS": str(OPEN_DEADLINE_SECONDS)}
        self.validator = workers.worker(
            "validator",
            timeout_seconds=API_TIMEOUT_SECONDS,
            environment={
                **payments,
                **open_deadline,
                "APPROVAL_LIMITS": ground.settings.approval_limits,
                "APPROVAL_TIMEOUT_SECONDS": str(ground.settings.approval_timeout_minutes * 60),
            },
        )
        self.query = workers.worker(
            "query",
            timeout_seconds=API_TIMEOUT_SECONDS,
            environment={**payments, "AUDIT_TABLE": storage.audit.name, "BATCHES_TABLE": storage.batches.name},
        )
        self.approver = workers.worker(
            "approver", timeout_seconds=API_TIMEOUT_SECONDS, environment={**payments, **open_deadline}
        )

        storage.payments.grant_create(self.validator.role)
        storage.payments.grant_read(self.query.role)
        storage.payments.grant_list(self.query.role)
        storage.payments.grant_count_settled(self.query.role)
        storage.audit.grant_read(self.query.role)
        storage.batches.grant_read(self.query.role)
        storage.batches.grant_list(self.query.role)
        storage.payments.grant_read(self.approver.role)
        storage.payments.grant_advance(self.approver.role)

        self.api = self._api()

    def _api(self) -> Api:
        ground, profile = self._ground, self._ground.settings.profile
        return Api(
            ground.scope,
            "api",
            naming=ground.naming,
            key=ground.keys.logs,
            models={
                "PaymentRequest": json.dumps(request.gateway_model()),
                "DecisionRequest": json.dumps(decision.gateway_model()),
            },
            routes=[
                Route(method="POST", path="/payments", function=self.validator, body_model="PaymentRequest"),
                Route(method="GET", path="/payments", function=self.query),
                Route(method="GET", path="/payments/{payment_id}", function=self.query),
                Route(method="GET", path="/payments/{payment_id}/events", function=self.query),
                Route(method="GET", path="/batches", function=self.query),
                Route(method="GET", path="/batches/{batch_id}", function=self.query),
                Route(method="POST", path="/approvals/{token}", function=self.approver, body_model="DecisionRequest"),
            ],
            limits=Limits(
                requests_per_second=profile.requests_per_second,
                burst_requests=profile.burst_requests,
                requests_per_day=profile.requests_per_day,
            ),
            log_retention_days=profile.log_retention_days,
            web_acl=self._firewall() if profile.web_acl else None,
            log_role=self._log_role(),
        )

    def _firewall(self) -> WebAcl:
        profile = self._ground.settings.profile
        return WebAcl(
            self._ground.scope,
            "firewall",
            naming=self._ground.naming,
            place=self._ground.place,
            key=self._ground.keys.logs,
            requests_per_address=2 * 300 * profile.requests_per_second,
            log_retention_days=profile.log_retention_days,
        )

    def _log_role(self) -> ApiLogRole | None:
        if not self._ground.settings.api_log_role:
            return None
        return ApiLogRole(self._ground.scope, "api_log_role", naming=self._ground.naming)
