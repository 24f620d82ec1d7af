"""Every test that a page names exists. A page names it ``e2e/test_forms.py::test_…``, below ``tests/``."""

import ast
import re
from pathlib import Path

import pytest

from tests.docs import __main__ as docs

_NAMED = re.compile(r"`([\w/]+\.py)::(\w+)`")


def named_tests(path: Path) -> list[tuple[str, str]]:
    return _NAMED.findall(path.read_text(encoding="utf-8"))


def functions_in(file: str) -> set[str]:
    path = docs.ROOT / "tests" / file
    if not path.exists():
        return set()
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}


PAGES = [path for path in sorted((docs.ROOT / "docs").rglob("*.md")) if named_tests(path)]


def test_the_page_on_chats_names_tests() -> None:
    assert docs.ROOT / "docs" / "chats.md" in PAGES


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_named_tests_exist(path: Path) -> None:
    named = named_tests(path)
    assert [f"{file}::{name}" for file, name in named if name not in functions_in(file)] == []


def test_each_row_on_what_bots_are_known_for_names_a_test() -> None:
    page = (docs.ROOT / "docs" / "chats.md").read_text(encoding="utf-8")
    page = page.partition("## What chat bots are known for")[2]
    lines = [line for line in page.splitlines() if line.startswith("| ")]
    rows = [line for line in lines if not line.startswith(("| Trouble", "| ---"))]
    assert len(rows) >= 30
    assert [row for row in rows if not _NAMED.search(row)] == []
