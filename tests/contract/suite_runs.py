"""Runs the contract suite in a process of its own, as the author of a platform does."""

import re
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
SUITE = ("-p", "adapters.testing.plugin", "--pyargs", "adapters.testing.suite")


@dataclass(frozen=True)
class SuiteRun:
    failed: Sequence[str]
    passed: int
    output: str


def run_suite(*arguments: str, folder: Path = ROOT, python: Path | None = None) -> SuiteRun:
    """``failed`` are the names of tests with their parameters."""
    options = ["-q", "-p", "no:cacheprovider", "-o", "addopts=", "--no-header", "--tb=line", "-rfE"]
    command = [str(python or sys.executable), "-m", "pytest", *SUITE, *options, *arguments]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    failed = re.findall(r"^(?:FAILED|ERROR) \S+?::(\w+(?:\[.*?\])?)(?: - |$)", done.stdout, re.MULTILINE)
    passed = re.search(r"(\d+) passed", done.stdout)
    return SuiteRun(failed, int(passed[1]) if passed else 0, done.stdout + done.stderr)
