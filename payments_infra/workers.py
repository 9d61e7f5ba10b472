"""The functions of the pipeline: what each is given to run with. Who may do what is said beside each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from payments_infra.constructs.function import Function
from payments_infra.constructs.layer import Layer
from payments_infra.constructs.metric import Metric

if TYPE_CHECKING:
    from collections.abc import Mapping

    from payments_infra.ground import Ground

METRICS_NAMESPACE = "Payments"
"""CloudWatch namespace of what the handlers count themselves."""

LEASE_MARGIN_SECONDS = 15
"""How much longer than its longest run a charging function's claim lasts: whoever finds it run out finds its owner
dead."""

OPEN_DEADLINE_SECONDS = 600
"""Age at which the sweeper wakes a payment nobody has claimed. Long against a healthy queue, so that a backlog is not
made longer by waking what already waits."""

BATCH_OPEN_DEADLINE_SECONDS = 3600
"""The same for a payment that came in a file: files make backlogs."""


def counted(name: str, *, worker: str, suffix: str, label: str, statistic: str = "Sum") -> Metric:
    """Return a metric that ``worker`` counts itself, under the dimensions the handlers give it."""
    return Metric(
        namespace=METRICS_NAMESPACE,
        name=name,
        statistic=statistic,
        dimensions={"service": worker, "environment": suffix},
        label=label,
    )


class Workers:
    """Makes functions one at a time, each with what all of them have in common; ``made`` holds them by name."""

    def __init__(self, ground: Ground) -> None:
        self._ground = ground
        self._layer = Layer(ground.scope, "layer", part="shared", naming=ground.naming, code=ground.code.layer())
        self.made: dict[str, Function] = {}

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
        ground = self._ground
        self.made[name] = Function(
            ground.scope,
            name,
            part=name,
            naming=ground.naming,
            place=ground.place,
            code=ground.code.function(name),
            environment={
                "ENVIRONMENT_SUFFIX": ground.naming.suffix,
                "POWERTOOLS_LOG_LEVEL": "INFO",
                "POWERTOOLS_METRICS_NAMESPACE": METRICS_NAMESPACE,
                "POWERTOOLS_SERVICE_NAME": name,
                **environment,
            },
            environment_key=ground.keys.functions,
            log_key=ground.keys.logs,
            layers=[self._layer.arn],
            timeout_seconds=timeout_seconds,
            memory_mb=memory_mb,
            reserved_concurrency=reserved_concurrency,
            network=ground.network.attachment,
            log_retention_days=ground.settings.profile.log_retention_days,
        )
        return self.made[name]
