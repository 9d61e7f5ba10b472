"""A NAT instance's user data, run as it is, on a machine that is the way out of a private subnet."""

from __future__ import annotations

import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.e2e.nat_site import (
    METADATA,
    NAT,
    OTHER_SUBNET,
    OUTSIDE,
    PRIVATE,
    WRITTEN_FOLDERS,
    Site,
    eventually,
    site,
)
from tests.e2e.network_namespaces import Machine, NamespacesRefusedError
from tests.e2e.nftables import NoNftablesError, nft_command

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Call = Callable[[], tuple[str, int] | None]

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
PATIENCE_SECONDS = 1.5
"""How long to wait for what must not come about."""
LATE_SECONDS = 601
"""After its boot; user data's own limit is ten minutes."""


@pytest.fixture(scope="module")
def nft() -> Path:
    """The package that the image lacks, on a machine that lets its user make network namespaces."""
    try:
        Machine().off()
        return nft_command(ROOT / ".cache" / "nftables")
    except FileNotFoundError as error:
        pytest.skip(f"network namespaces need {error.filename}")
    except NamespacesRefusedError as error:
        pytest.skip(f"network namespaces are not allowed here: {error}")
    except NoNftablesError as error:
        pytest.skip(str(error))


@pytest.fixture
def stock(nft: Path, tmp_path: Path) -> Iterator[Site]:
    """The site before the instance's first boot ran anything."""
    del nft
    with site(tmp_path) as built:
        yield built


@pytest.fixture
def working(stock: Site, nft: Path) -> Site:
    """The site after the instance's first boot."""
    stock.instance.has_package(nft)
    stock.instance.run_user_data()
    assert stock.comes_up()
    return stock


def answers(*calls: Call) -> list[tuple[str, int] | None]:
    """Return what comes of calls made at once."""
    with ThreadPoolExecutor() as pool:
        return list(pool.map(lambda call: call(), calls))


def rules(site: Site) -> str:
    return site.instance.run("nft", "list", "ruleset")


def closed_by_rules(site: Site, *calls: Call) -> bool:
    """Return whether no call comes through, and each does as soon as the instance forgets its rules."""
    with_rules = answers(*calls)
    site.instance.run("nft", "flush", "ruleset")
    return not any(with_rules) and all(answers(*calls))


def this_machine() -> dict[str, str]:
    """Return all that the user data would change if it ran here."""
    links = subprocess.run(["ip", "-oneline", "link"], check=True, capture_output=True, text=True)  # noqa: S607
    settings = Path("/proc/sys/net/ipv4").glob("conf/*/send_redirects")
    return {
        "links": "\n".join(sorted(line.split(":")[1] for line in links.stdout.splitlines())),
        "files": "\n".join(str(file) for folder in WRITTEN_FOLDERS for file in sorted(Path(folder).iterdir())),
        **{str(file): file.read_text() for file in (*settings, Path("/proc/sys/net/ipv4/ip_forward"))},
        "swap": Path("/proc/swaps").read_text(),
        "namespaces": "\n".join(str(file) for file in Path("/run/netns").glob("*")),
    }


def test_without_its_user_data_the_instance_lets_nothing_pass(stock: Site) -> None:
    assert stock.instance.machine.call(OUTSIDE, 443) == (NAT, 1)
    assert stock.private.call(OUTSIDE, 443, patience_seconds=PATIENCE_SECONDS) is None


def test_a_private_host_reaches_the_outside_which_sees_the_instances_address(working: Site) -> None:
    """Defect: Network that dies."""
    assert working.private.call(OUTSIDE, 443) == (NAT, 1)


def test_it_comes_back_after_a_reboot_which_leaves_nothing_but_the_disk(working: Site) -> None:
    """Defect: Network that dies."""
    before = rules(working)
    working.instance.reboot()
    assert working.comes_up()
    assert working.private.call(OUTSIDE, 443) == (NAT, 1)
    assert rules(working) == before


def test_user_data_that_runs_again_changes_nothing(working: Site) -> None:
    before = rules(working)
    working.instance.run_user_data()
    assert working.comes_up()
    assert rules(working) == before
    assert before.count("masquerade") == 1


def test_the_outside_opens_no_connection_to_the_instance_or_through_it(working: Site) -> None:
    """Defect: Open doors."""
    assert closed_by_rules(
        working,
        lambda: working.outside.call(NAT, 443, patience_seconds=PATIENCE_SECONDS),
        lambda: working.outside.call(PRIVATE, 443, patience_seconds=PATIENCE_SECONDS),
    )


def test_a_private_host_gets_out_by_https_with_its_subnets_addresses_alone(working: Site) -> None:
    """Defect: Open doors."""
    assert closed_by_rules(
        working,
        lambda: working.private.call(OUTSIDE, 80, patience_seconds=PATIENCE_SECONDS),
        lambda: working.private.call(NAT, 443, patience_seconds=PATIENCE_SECONDS),
        lambda: working.private.call(OUTSIDE, 443, source=OTHER_SUBNET, patience_seconds=PATIENCE_SECONDS),
    )


def test_nobody_reaches_the_instances_metadata_through_it(working: Site) -> None:
    """Defect: Open doors."""
    assert working.instance.machine.call(METADATA, 80) == (NAT, 1)
    assert closed_by_rules(
        working,
        lambda: working.private.call(METADATA, 80, patience_seconds=PATIENCE_SECONDS),
        lambda: working.private.call(METADATA, 443, patience_seconds=PATIENCE_SECONDS),
    )


def test_a_private_host_is_told_that_the_way_is_narrower_than_its_own(working: Site) -> None:
    working.router.run("ip", "link", "set", "to_outside", "mtu", "1280")
    assert working.private.call(OUTSIDE, 443, octets=300_000) == (NAT, 300_000)


def test_an_instance_whose_address_comes_late_tries_again(stock: Site, nft: Path) -> None:
    """Defect: Network that dies."""
    stock.instance.run_user_data()
    assert eventually(lambda: stock.instance.failures() > 1)
    assert stock.private.call(OUTSIDE, 443, patience_seconds=PATIENCE_SECONDS) is None
    stock.instance.has_package(nft)
    assert stock.comes_up()


def test_an_instance_that_cannot_translate_fails_its_status_check_until_a_reboot_finds_what_it_lacked(
    stock: Site, nft: Path
) -> None:
    """Defect: Dead alarms."""
    stock.instance.run_user_data()
    assert eventually(lambda: stock.instance.failures() > 1)
    assert stock.instance_answers_status_check()
    stock.instance.is_up_for(seconds=LATE_SECONDS)
    assert eventually(lambda: not stock.instance_answers_status_check())
    stock.instance.has_package(nft)
    stock.instance.reboot()
    assert stock.comes_up()
    assert stock.instance_answers_status_check()


def test_an_instance_that_translates_stays_on_the_network_whatever_fails_later(working: Site) -> None:
    before = working.instance.failures()
    working.instance.is_up_for(seconds=LATE_SECONDS)
    working.instance.breaks("sysctl")
    working.instance.run("systemctl", "restart", "--no-block", "nat.service")
    assert eventually(lambda: working.instance.failures() > before)
    assert working.instance_answers_status_check()
    assert working.private.call(OUTSIDE, 443) == (NAT, 1)


def test_this_machine_is_left_as_it_was(nft: Path, tmp_path: Path) -> None:
    before = this_machine()
    with site(tmp_path) as built:
        built.instance.has_package(nft)
        built.instance.run_user_data()
        assert built.comes_up()
    assert this_machine() == before
