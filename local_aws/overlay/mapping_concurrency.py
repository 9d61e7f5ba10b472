"""How many batches of one queue are under way: as many as this machine has processors for, twice over.

AWS scales a mapping up as messages wait, at most to its maximum concurrency
(https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html). MiniStack goes there at once, with a process
of its own for each batch, and a machine of two processors is then busy with changing between them: requests time out,
are sent again, and leases have to run out.
"""

import os
from typing import Any

from ministack.services import lambda_svc

BATCHES_PER_PROCESSOR = 2


def apply() -> None:
    """Lower the limit of every mapping to what the machine can do."""
    limit = lambda_svc._sqs_esm_concurrency

    def limit_here(*arguments: Any) -> int:
        return min(int(limit(*arguments)), BATCHES_PER_PROCESSOR * (os.cpu_count() or 1))

    lambda_svc._sqs_esm_concurrency = limit_here
