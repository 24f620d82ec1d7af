"""The layering rules of the design, as pyproject.toml names them, and that no platform escapes them."""

import os
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

from grimp import ImportGraph

from tests.architecture.contracts import PlatformFoldersContract, platform_folders

ROOT = Path(__file__).parent.parent.parent


def contracts() -> list[dict[str, Any]]:
    table = tomllib.loads((ROOT / "pyproject.toml").read_text())
    found: list[dict[str, Any]] = table["tool"]["importlinter"]["contracts"]
    return found


def test_the_rules_are_kept() -> None:
    lint = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run(
        [lint, "--no-cache", "--no-logo"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_platform_is_under_the_rule() -> None:
    """Without being named: the rule finds the folders of platforms by itself."""
    graph = ImportGraph()
    for module in ("adapters", "adapters.one", "adapters.one.adapter", "adapters.two", "adapters.two.adapter"):
        graph.add_module(module)
    assert platform_folders(graph) == {"adapters.one", "adapters.two"}
    graph.add_import(importer="adapters.one.adapter", imported="adapters.two")
    graph.add_import(importer="bot.app", imported="adapters.two.adapter")
    graph.add_import(importer="adapters.two.adapter", imported="adapters.two")
    options = {"name": "platforms", "type": "platform_folders"}
    check = PlatformFoldersContract("platforms", {}, options).check(graph, verbose=False)
    assert not check.kept
    assert check.metadata["imports"] == [
        ("adapters.one.adapter", "adapters.two"),
        ("bot.app", "adapters.two.adapter"),
    ]


def test_every_chat_is_under_the_rule() -> None:
    contract = next(contract for contract in contracts() if contract["name"] == "Chats are unaware of each other")
    folders = {f"bot.surfaces.{path.parent.name}" for path in (ROOT / "bot/surfaces").glob("*/__init__.py")}
    assert folders == set(contract["modules"])
