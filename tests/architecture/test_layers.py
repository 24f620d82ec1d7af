"""The import rules in pyproject.toml hold, and they cover every platform and every chat."""

import os
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import grimp
import pytest

from tests.architecture.contracts import PlatformFoldersContract, platform_folders

ROOT = Path(__file__).parent.parent.parent


def contract(start: str) -> dict[str, Any]:
    """The contract whose name starts with ``start``."""
    table = tomllib.loads((ROOT / "pyproject.toml").read_text())
    contracts: list[dict[str, Any]] = table["tool"]["importlinter"]["contracts"]
    return next(contract for contract in contracts if contract["name"].startswith(start))


def test_the_import_rules_hold() -> None:
    lint = Path(sys.executable).with_name("lint-imports")
    completed = subprocess.run(
        [lint, "--no-cache", "--no-logo"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )
    assert completed.returncode == 0, completed.stdout + completed.stderr


def test_the_platform_rule_covers_every_platform() -> None:
    graph = grimp.build_graph("adapters", cache_dir=None)
    with_platform = {
        f"adapters.{path.parent.name}"
        for path in (ROOT / "adapters").glob("*/__init__.py")
        if "PLATFORM" in path.read_text()
    }
    assert with_platform
    assert platform_folders(graph) == with_platform


@pytest.mark.parametrize(
    ("importer", "kept"),
    [
        ("adapters.first.writes", True),
        ("adapters.second.adapter", False),
        ("adapters.toolkit.messages", False),
        ("bot.surfaces.slack.surface", False),
        ("commands.dispatch", False),
        ("bot.config.settings", True),
    ],
)
def test_only_a_platforms_own_folder_and_allowed_modules_import_from_it(importer: str, kept: bool) -> None:
    graph = grimp.ImportGraph()
    for module in (
        "adapters",
        "adapters.first",
        "adapters.first.adapter",
        "adapters.second",
        "adapters.second.adapter",
    ):
        graph.add_module(module)
    graph.add_import(importer=importer, imported="adapters.first.adapter")
    options = {"allowed_importers": ["bot.config.settings -> adapters.first"]}
    rule = PlatformFoldersContract(name="Platforms", session_options={}, contract_options=options)
    assert rule.check(graph, verbose=False).kept is kept


def test_chats_cannot_import_the_store_or_what_runs_them() -> None:
    layers: list[str] = contract("Inside the application")["layers"]
    assert layers[-1] == "surfaces", "modules of the lowest layer import nothing else in bot"
    assert {"storage", "engine", "app", "config"} < set(layers)


def test_the_chat_rule_lists_every_chat() -> None:
    folders = {f"bot.surfaces.{path.parent.name}" for path in (ROOT / "bot/surfaces").glob("*/__init__.py")}
    assert folders == set(contract("Chats do not import each other")["modules"])
