"""What bandit, pip-audit, checkov and parliament say of the project; what is accepted stands in `accepted.toml`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.infra.template import Template
from tests.scanners import scanners
from tests.scanners.environment import ScannersMissingError, commands_of_scanners
from tests.scanners.findings import accepted_of, needless, not_accepted
from tests.scanners.scans import LOCKS, ROOT, SCANNERS, SCANNERS_FOLDER, Scans

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("scanners")]

OPEN_TO_ALL = (
    '{"Statement": [{"Effect": "Allow", "Action": "sqs:SendMesage", "Resource": "*"}], "Version": "2012-10-17"}'
)
PLANTED = Template(
    {
        "resource": {
            "aws_ebs_volume": {"planted": {"size": 1}},
            "aws_iam_role_policy": {"planted": {"policy": OPEN_TO_ALL}},
        }
    }
)


@pytest.fixture(scope="session")
def commands() -> Path:
    """The folder with the scanners' commands."""
    try:
        return commands_of_scanners(SCANNERS_FOLDER)
    except ScannersMissingError as error:
        pytest.skip(f"the scanners can't be installed here: {error}")


@pytest.fixture(scope="session")
def scans(commands: Path, tmp_path_factory: pytest.TempPathFactory) -> Scans:
    return Scans(commands, tmp_path_factory.mktemp("stacks"))


@pytest.mark.parametrize("scanner", SCANNERS)
def test_a_scanner_finds_nothing_but_what_is_accepted(scans: Scans, scanner: str) -> None:
    assert not_accepted(scans.of(scanner), accepted_of(scanner)) == []


@pytest.mark.parametrize("scanner", SCANNERS)
def test_all_that_is_accepted_still_occurs_and_has_a_reason(scans: Scans, scanner: str) -> None:
    assert needless(scans.of(scanner), accepted_of(scanner)) == []
    assert all(len(one.reason.split()) > 3 for one in accepted_of(scanner))


def test_each_scanner_finds_what_was_planted(commands: Path, tmp_path: Path) -> None:
    (tmp_path / "planted.py").write_text("import pickle\npickle.loads(input())\n")
    stacks = {"planted": PLANTED}
    assert "B301" in {finding.rule for finding in scanners.bandit(commands, tmp_path, "planted.py")}
    assert "CKV_AWS_3" in {finding.rule for finding in scanners.checkov(commands, tmp_path, stacks)}
    assert "UNKNOWN_ACTION" in {finding.rule for finding in scanners.parliament(commands, stacks)}


@pytest.mark.parametrize("lock", LOCKS)
def test_no_package_has_a_known_vulnerability(commands: Path, lock: str) -> None:
    try:
        assert scanners.pip_audit(commands, ROOT / lock) == set()
    except scanners.DataUnreachableError as error:
        pytest.skip(f"pip-audit can't reach what is known of vulnerabilities: {error}")
