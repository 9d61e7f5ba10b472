"""The functions of the pipeline: what each is given to run with. Who may do what is said in the stack."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from payments_infra.constructs.function import Function

if TYPE_CHECKING:
    from collections.abc import Mapping

    from constructs import Construct

    from payments_infra.constructs.code import Code
    from payments_infra.constructs.encryption import Encryption
    from payments_infra.constructs.function_network import NetworkAttachment
    from payments_infra.constructs.layer import Layer
    from payments_infra.constructs.naming import Naming
    from payments_infra.constructs.place import Place

METRICS_NAMESPACE = "Payments"
"""CloudWatch namespace of what the handlers count themselves."""

LEASE_MARGIN_SECONDS = 15
"""How much longer than its longest run a processor's claim lasts: whoever finds it run out finds its owner dead."""

OPEN_DEADLINE_SECONDS = 600
"""Age at which the sweeper wakes a payment nobody has claimed. Long against a healthy queue, so that a backlog is not
made longer by waking what already waits."""


@dataclass(frozen=True, kw_only=True)
class Workers:
    """What all functions have in common; makes one of them at a time.

    Args:
        scope: the stack.
        naming: names the functions.
        place: where they are.
        keys: encrypt environments and logs.
        code: the zips.
        layer: what they share.
        network: where they run.
        log_retention_days: how long logs are kept.
    """

    scope: Construct
    naming: Naming
    place: Place
    keys: Encryption
    code: Code
    layer: Layer
    network: NetworkAttachment | None
    log_retention_days: int

    def worker(
        self,
        name: str,
        *,
        timeout_seconds: int,
        environment: Mapping[str, str],
        memory_mb: int = 512,
        reserved_concurrency: int | None = None,
    ) -> Function:
        """Return the function that runs ``functions/{name}``."""
        return Function(
            self.scope,
            name,
            part=name,
            naming=self.naming,
            place=self.place,
            code=self.code.function(name),
            environment={
                "ENVIRONMENT_SUFFIX": self.naming.suffix,
                "POWERTOOLS_LOG_LEVEL": "INFO",
                "POWERTOOLS_METRICS_NAMESPACE": METRICS_NAMESPACE,
                "POWERTOOLS_SERVICE_NAME": name,
                **environment,
            },
            environment_key=self.keys.functions,
            log_key=self.keys.logs,
            layers=[self.layer.arn],
            timeout_seconds=timeout_seconds,
            memory_mb=memory_mb,
            reserved_concurrency=reserved_concurrency,
            network=self.network,
            log_retention_days=self.log_retention_days,
        )
