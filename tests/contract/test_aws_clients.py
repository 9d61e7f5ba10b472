"""Clients to AWS give up in time for a function to say so, try again as AWS advises, and serve ten records at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.contract.services import Services


@pytest.mark.parametrize(
    ("name", "shortest_function_timeout_seconds"),
    [("dynamodb", 15), ("sqs", 30), ("sns", 30), ("secrets_manager", 30), ("s3", 60), ("step_functions", 30)],
)
def test_a_client_gives_up_before_the_functions_that_use_it(
    services: Services, name: str, shortest_function_timeout_seconds: int
) -> None:
    client: Any = getattr(services, name)
    config = client.meta.config
    longest = config.retries["total_max_attempts"] * (config.connect_timeout + config.read_timeout)
    assert longest < shortest_function_timeout_seconds
    assert config.retries["mode"] == "standard"
    assert config.max_pool_connections >= 10
