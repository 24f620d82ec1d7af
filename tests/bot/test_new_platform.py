"""``liaison new-platform``: the skeleton is red, and green once its TODOs are done."""

import re
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from bot.cli import cli
from tests.contract.suite_runs import ROOT, run_suite

SAMPLE = ROOT / "tests" / "contract" / "sample"
FILLED = ("adapter.py", "wire.py", "writes.py")


def new_platform(folder: Path, *arguments: str) -> Result:
    return CliRunner().invoke(cli, ["new-platform", *arguments, "--folder", str(folder)])


def fill(package: Path, module: str) -> None:
    """Does the TODOs of the adapter, as ``tests/contract/sample`` does them."""
    for name in FILLED:
        text = (SAMPLE / name).read_text()
        text = re.sub(r"tests\.contract\.sample|adapters\.testing\.skeleton", module, text)
        (package / name).write_text(text.replace("Example", "Acme").replace("example", "acme"))


def test_a_package_is_red_until_its_todos_are_done(tmp_path: Path) -> None:
    written = new_platform(tmp_path, "acme")
    assert written.exit_code == 0, written.output
    project = tmp_path / "liaison-acme"
    files = sorted(str(path.relative_to(project)) for path in project.rglob("*") if path.is_file())
    assert {"README.md", "pyproject.toml", "tests/fake.py", "tests/harness.py"} < set(files)
    assert {"liaison_acme/messages.toml", "liaison_acme/messages.pt-BR.toml"} < set(files)
    assert not [file for file in files if "xample" in (project / file).read_text()]

    unfilled = run_suite(folder=project)
    assert len(unfilled.failed) > 100, unfilled.output
    assert "TODO 3" in unfilled.output

    fill(project / "liaison_acme", "liaison_acme")
    filled = run_suite(folder=project)
    assert filled.failed == [], filled.output
    assert filled.passed > 100, filled.output


def test_a_built_in_platform_is_written_into_a_checkout(tmp_path: Path) -> None:
    (tmp_path / "adapters").mkdir()
    shutil.copy(ROOT / "adapters" / "registry.py", tmp_path / "adapters")
    assert new_platform(tmp_path, "acme_runs").exit_code == 0
    adapter = (tmp_path / "adapters" / "acme_runs" / "adapter.py").read_text()
    assert "class AcmeRunsAdapter(PlatformAdapter):" in adapter
    assert "from adapters.acme_runs.settings import AcmeRunsSettings" in adapter
    harness = (tmp_path / "tests" / "adapters" / "acme_runs" / "harness.py").read_text()
    assert "from tests.adapters.acme_runs.fake import AcmeRunsFake" in harness
    page = (tmp_path / "docs" / "platforms" / "acme_runs.md").read_text()
    assert page.startswith("# Acme Runs\n")
    assert "LIAISON_PLATFORMS__ACME_RUNS__TOKEN" in page


@pytest.mark.parametrize("name", ["Acme", "acme-runs", "1acme", "acme__runs", "../acme", ""])
def test_a_name_that_cannot_be_a_module_is_refused(tmp_path: Path, name: str) -> None:
    refused = new_platform(tmp_path, name)
    assert refused.exit_code == 2
    assert "can't be a name" in refused.output
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    assert new_platform(tmp_path, "acme").exit_code == 0
    again = new_platform(tmp_path, "acme")
    assert again.exit_code == 2
    assert "exists already. Nothing was written." in again.output
