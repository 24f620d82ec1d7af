"""Runs every check and test: ``python -m tests.check [PYTEST ARGUMENTS]``.

``python -m tests.check --slow`` runs only the tests that take long: kills at every commit of every verb, forty
seconds of torture, and the steps of the Dockerfile, which install packages.

All steps run even if an earlier one fails. The tests run last. They wait as much as they compute, so they have
more workers than cores. With arguments, one pytest runs what they select. Coverage makes the tests half as fast
again: ``make coverage``.

A few tests that fail are run once more, one at a time: the machine may have been too slow for their deadlines.
If they pass then, the run passes, and its last lines name them.
"""

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).parent.parent
TOOLS = Path(sys.executable).parent
STEPS: Sequence[tuple[str, Sequence[str]]] = (
    ("lint", ("ruff", "check", ".")),
    ("format", ("ruff", "format", "--check", ".")),
    ("types", ("mypy",)),
    ("imports", ("lint-imports", "--no-logo")),
)
PYTEST = ("pytest", "-n", "4", "--dist", "worksteal")  # neighbouring tests share what they start
TESTS: Sequence[tuple[str, Sequence[str]]] = (
    ("tests", (*PYTEST, "--ignore", "tests/e2e")),
    ("end-to-end tests", (*PYTEST, "tests/e2e")),
)
SLOW = ("tests/e2e", "tests/torture", "tests/deploy")
MOST_REPEATED = 5
LAST_FAILED = ROOT / ".pytest_cache" / "v" / "cache" / "lastfailed"


def run(name: str, command: Sequence[str]) -> bool:
    print(f"== {name}: {' '.join(command)}", flush=True)
    return subprocess.run([TOOLS / command[0], *command[1:]], cwd=ROOT, check=False).returncode == 0


def run_tests(name: str, command: Sequence[str], repeated: list[str]) -> bool:
    """Adds the tests that passed only when they were repeated to ``repeated``."""
    LAST_FAILED.unlink(missing_ok=True)
    if run(name, command):
        return True
    failed = sorted(json.loads(LAST_FAILED.read_text())) if LAST_FAILED.exists() else []
    if not 0 < len(failed) <= MOST_REPEATED or not run(f"{name}, repeated", ("pytest", "-m", "", *failed)):
        return False
    repeated += failed
    return True


def main(arguments: Sequence[str]) -> int:
    tests: Sequence[tuple[str, Sequence[str]]] = TESTS
    if arguments[:1] == ["--slow"]:
        tests = (("slow tests", (*PYTEST, "-m", "slow", *SLOW, *arguments[1:])),)
    elif arguments:
        tests = (("tests", (*PYTEST, *arguments)),)
    repeated: list[str] = []
    steps = () if arguments[:1] == ["--slow"] else STEPS
    failed = [name for name, command in steps if not run(name, command)]
    failed += [name for name, command in tests if not run_tests(name, command, repeated)]
    for test in repeated:
        print(f"== passed only when it was repeated: {test}", flush=True)
    if failed:
        print(f"== failed: {', '.join(failed)}", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
