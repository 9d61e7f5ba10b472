"""Settings of the unit tests."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, settings

from tests.unit.pipeline import Pipeline

# The same examples on every machine and in every run; no file is left behind, and a slow machine fails nothing.
settings.register_profile(
    "unit",
    max_examples=60,
    deadline=None,
    database=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("unit")


@pytest.fixture
def pipeline() -> Pipeline:
    return Pipeline()
