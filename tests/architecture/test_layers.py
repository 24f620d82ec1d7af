"""The layering rules of the design, as pyproject.toml names them, and that no platform escapes them."""

import os
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

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


@pytest.mark.parametrize("rule", ["Platforms are unaware of each other", "Chats are unaware of the store"])
def test_every_platform_is_under_the_rule(rule: str) -> None:
    contract = next(contract for contract in contracts() if contract["name"].startswith(rule))
    listed = {*contract.get("modules", ()), *contract.get("forbidden_modules", ())}
    folders = {f"adapters.{path.parent.name}" for path in (ROOT / "adapters").glob("*/__init__.py")}
    assert folders <= listed


def test_every_chat_is_under_the_rule() -> None:
    contract = next(contract for contract in contracts() if contract["name"] == "Chats are unaware of each other")
    folders = {f"bot.surfaces.{path.parent.name}" for path in (ROOT / "bot/surfaces").glob("*/__init__.py")}
    assert folders == set(contract["modules"])
