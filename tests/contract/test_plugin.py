"""The contract suite as a pytest plugin that other packages use."""

import subprocess
import sys
import tomllib
from importlib import import_module

from tests.contract.suite_runs import ROOT, run_suite


def test_the_plugin_is_installed_with_liaison() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    (plugin,) = project["entry-points"]["pytest11"].values()
    assert import_module(plugin).pytest_addoption
    assert {requirement.partition(">")[0] for requirement in project["optional-dependencies"]["testing"]} == {
        "pytest",
        "pytest-asyncio",
    }


def test_it_needs_nothing_that_only_tests_have() -> None:
    """Whoever installs Liaison beside pytest, but not the extra, can still run pytest."""
    code = "import sys\nimport adapters.testing.plugin\nassert 'pytest_asyncio' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)


def test_a_harness_that_does_not_exist_is_a_usage_error() -> None:
    run = run_suite("--liaison-harness", "adapters.testing.harness:NoSuchHarness")
    assert "--liaison-harness adapters.testing.harness:NoSuchHarness" in run.output
    assert run.passed == 0
