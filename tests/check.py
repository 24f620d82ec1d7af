"""Runs every check and test: ``python -m tests.check [PYTEST ARGUMENTS]``.

``python -m tests.check --slow`` runs only the tests that take long: kills at every commit of every verb, and the
steps of the Dockerfile, which install packages.

All steps run even if an earlier one fails. The tests run last. They wait as much as they compute, so they have
more workers than cores. With arguments, one pytest runs what they select. Coverage makes the tests half as fast
again: ``make coverage``.
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
PYTEST = ("pytest", "-n", "4", "--dist", "worksteal")  # neighbouring tests share what they start
TESTS: Sequence[tuple[str, Sequence[str]]] = (
    ("tests", (*PYTEST, "--ignore", "tests/e2e")),
    ("end-to-end tests", (*PYTEST, "tests/e2e")),
)


def run(name: str, command: Sequence[str]) -> bool:
    print(f"== {name}: {' '.join(command)}", flush=True)
    return subprocess.run([TOOLS / command[0], *command[1:]], cwd=ROOT, check=False).returncode == 0


def main(arguments: Sequence[str]) -> int:
    if arguments[:1] == ["--slow"]:
        return 0 if run("slow tests", (*PYTEST, "-m", "slow", "tests/e2e", "tests/deploy", *arguments[1:])) else 1
    tests = (("tests", (*PYTEST, *arguments)),) if arguments else TESTS
    failed = [name for name, command in (*STEPS, *tests) if not run(name, command)]
    if failed:
        print(f"== failed: {', '.join(failed)}", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
