"""Runs the contract suite in a process of its own, as the author of a platform does."""

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SUITE = ("-p", "adapters.testing.plugin", "--pyargs", "adapters.testing.suite")
OPTIONS = ("-q", "-p", "no:cacheprovider", "-o", "addopts=", "--no-header", "--tb=line", "-rfE")


@dataclass(frozen=True)
class SuiteRun:
    failed: Sequence[str]
    passed: int
    output: str


def run_suite(*arguments: str, folder: Path = ROOT) -> SuiteRun:
    """``failed`` are the names of tests with their parameters."""
    command = [sys.executable, "-m", "pytest", *SUITE, *OPTIONS, *arguments]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    return _suite_run(done.stdout, done.stderr)


def run_suite_in_fork(*arguments: str) -> SuiteRun:
    """A copy of this process runs it, which is much faster. What it changes in memory stays its own."""
    with tempfile.TemporaryFile("w+") as output:
        child = os.fork()
        if child == 0:
            try:
                os.dup2(output.fileno(), 1)
                os.dup2(output.fileno(), 2)
                sys.stdout, sys.stderr = open(1, "w", closefd=False), open(2, "w", closefd=False)  # noqa: SIM115
                os.chdir(ROOT)
                pytest.main([*SUITE, *OPTIONS, *arguments])
                sys.stdout.flush()
            finally:
                os._exit(0)  # pytest's own process goes on elsewhere
        os.waitpid(child, 0)
        output.seek(0)
        return _suite_run(output.read(), "")


def _suite_run(output: str, errors: str) -> SuiteRun:
    failed = re.findall(r"^(?:FAILED|ERROR) \S+?::(\w+(?:\[.*?\])?)(?: - |$)", output, re.MULTILINE)
    passed = re.search(r"(\d+) passed", output)
    return SuiteRun(failed, int(passed[1]) if passed else 0, output + errors)
