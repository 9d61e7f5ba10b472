"""Clients to AWS give up in time for a function to say so, try again as AWS advises, and serve ten records at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.contract.services import Services


@pytest.mark.parametrize("name", ["dynamodb", "sqs", "sns", "secrets_manager"])
def test_a_client_gives_up_well_within_a_functions_own_time(services: Services, name: str) -> None:
    client: Any = getattr(services, name)
    config = client.meta.config
    assert config.connect_timeout <= 3
    assert config.read_timeout <= 5
    assert config.retries["mode"] == "standard"
    assert config.max_pool_connections >= 10
