"""Each patch of the overlay is needed, and does what it is for.

A probe asks the emulator for what AWS does. With the overlay every probe passes; without it every probe fails, and the
one that no longer does says that MiniStack has mended that difference: then the patch can go.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from botocore.exceptions import ClientError

from local_aws.emulator import Emulator
from local_aws.overlay.patches import PATCHES
from local_aws.packages import EmulatorPackages
from local_aws.progress import silent
from tests.e2e.probes import economies, messages, network, services, storage, workflows
from tests.e2e.probes.account import NOTHING, REGION, Account

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("overlay")]

ROOT = Path(__file__).parents[2]
PROBES = [
    messages.event_filters,
    messages.mapping_concurrency,
    messages.queue_mappings,
    messages.stream_mappings,
    messages.stream_mappings_give_up,
    messages.stream_mappings_stall_nothing,
    network.addresses,
    network.flow_logs,
    network.instance_attributes,
    network.instances,
    network.machine_images,
    network.network_interfaces,
    network.routes,
    network.security_group_rules,
    network.vpc_endpoints,
    services.alarm_dimensions,
    services.alarm_queries,
    services.api_keys,
    services.batch_permissions,
    services.blank_secrets,
    services.crash_answers,
    services.cross_origin_headers,
    services.error_names,
    services.error_names_of_the_dead,
    services.repeated_permissions,
    services.request_models,
    services.request_size,
    services.transport,
    storage.event_starts,
    storage.missing_objects,
    storage.ranged_versions,
    storage.uploaded_versions,
    storage.version_listings,
    workflows.answer_permissions,
    workflows.execution_starts,
    workflows.map_runs,
    workflows.payload_limits,
    workflows.redrives,
    workflows.retry_delays,
    workflows.state_machine_tracing,
    workflows.task_tokens,
    workflows.terminal_errors,
    workflows.throttled_tasks,
    workflows.workflow_paths,
    workflows.workflow_roles,
    workflows.workflow_timeouts,
]

each_probe = pytest.mark.parametrize("probe", PROBES, ids=lambda probe: probe.__name__)


def started(folder: Path, *, overlay: str | None, patience_seconds: float) -> Iterator[Account]:
    packages = EmulatorPackages(ROOT / ".local" / "packages")
    packages.ensure(silent)
    emulator = Emulator(ROOT, folder, packages, REGION, overlay)
    try:
        yield Account(emulator.start(), patience_seconds)
    finally:
        emulator.stop()


@pytest.fixture(scope="module")
def patched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    yield from started(tmp_path_factory.mktemp("patched"), overlay=None, patience_seconds=30)


@pytest.fixture(scope="module")
def unpatched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    yield from started(tmp_path_factory.mktemp("unpatched"), overlay="", patience_seconds=3)


@each_probe
def test_with_the_overlay_the_emulator_does_what_aws_does(probe: Callable[[Account], None], patched: Account) -> None:
    probe(patched)


@each_probe
def test_without_the_overlay_the_difference_is_still_there(
    probe: Callable[[Account], None], unpatched: Account
) -> None:
    with pytest.raises((AssertionError, ClientError, KeyError, ValueError, pytest.fail.Exception)):
        probe(unpatched)


def test_a_function_can_do_nothing_that_its_role_does_not_allow(patched: Account) -> None:
    """Defect: Too much permission."""
    url, _ = patched.queue("forbidden")
    patched.function("forbidden", services.SENDS, policy=NOTHING)
    answer = patched.client("lambda").invoke(FunctionName="forbidden", Payload='"forbidden"')
    assert "not authorized to perform: sqs:" in json.load(answer["Payload"])["errorMessage"]
    assert patched.received(url) == []


def test_every_patch_has_a_probe() -> None:
    probed = {probe.__name__ for probe in PROBES} | set(economies.SCRIPTS)
    assert {patch for patch in PATCHES if not any(name.startswith(patch) for name in probed)} == set()
