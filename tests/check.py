"""Runs every check and test: ``python -m tests.check [PYTEST ARGUMENTS]``.

``python -m tests.check --slow`` runs only the tests that take long: kills at every commit of every verb.

All steps run even if an earlier one fails. The tests run last, so that the output ends with pytest's summary.
"""

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
SLOW = ("pytest", "-n", "4", "-m", "slow")  # more than the cores: these tests mostly wait
TESTS = ("pytest", "-n", "2", "--cov", "--cov-report=term:skip-covered")


def run(name: str, command: Sequence[str]) -> bool:
    print(f"== {name}: {' '.join(command)}", flush=True)
    return subprocess.run([TOOLS / command[0], *command[1:]], cwd=ROOT, check=False).returncode == 0


def main(arguments: Sequence[str]) -> int:
    if arguments[:1] == ["--slow"]:
        return 0 if run("slow tests", (*SLOW, *arguments[1:])) else 1
    failed = [name for name, command in STEPS if not run(name, command)]
    if failed:
        print(f"== failed: {', '.join(failed)}", flush=True)
    passed = run("tests", (*TESTS, *arguments))
    return 0 if passed and not failed else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
