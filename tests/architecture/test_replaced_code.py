"""Tests drive the real code. What they may replace: a number, the store's hook, and what a platform answers."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
_NUMBER = re.compile(r"_?[A-Z][A-Z0-9_]*$")  # a constant of a module, such as a time or a number of pages
_PLATFORM = "scene.platform"  # faults of the platform outside: answers that are lost, late or wrong
_HOOK = "Store.commit_hook"
REASONS = {
    "test_an_adapter_that_raises_is_a_line_without_its_secrets": "no known request makes one raise KeyError",
    "test_a_notice_that_fails_does_not_change_what_becomes_of_the_write": "a bug in our own notices",
    "test_an_outcome_found_while_its_message_is_being_answered_continues_it": "decides which of two is faster",
    "test_a_replica_that_was_stopped_after_its_claim_sends_nothing": "no test can suspend a machine: clocks jump",
    "test_the_reconciler_stops_before_the_engine": "the order is the contract; a wrong one only loses rarely",
    "work": "counts what is read and parsed, and changes nothing",
}


def replacements() -> Iterator[tuple[str, str]]:
    """(test or fixture, what it replaces)."""
    for path in sorted((ROOT / "tests").rglob("*.py")):
        for function in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
                for node in ast.walk(function):
                    if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("patch.setattr"):
                        yield function.name, _target(node)


def _target(call: ast.Call) -> str:
    """Of ``setattr("bot.module.NAME", value)`` and of ``setattr(thing, "name", value)``."""
    named = call.args[:-1]
    target = ".".join(str(part.value) if isinstance(part, ast.Constant) else ast.unparse(part) for part in named)
    return target.rstrip("'")  # of an f-string


def _is_allowed(target: str) -> bool:
    return bool(_NUMBER.match(target.rpartition(".")[2])) or target.startswith(_PLATFORM) or target == _HOOK


def test_tests_replace_our_own_code_only_for_a_reason() -> None:
    found = {name: target for name, target in replacements() if not _is_allowed(target)}
    assert found.keys() == REASONS.keys(), found


def test_tests_use_no_mocks() -> None:
    mocks = [
        path
        for path in (ROOT / "tests").rglob("*.py")
        if re.search(r"^(from unittest|import unittest)", path.read_text(encoding="utf-8"), re.MULTILINE)
    ]
    assert not mocks
