"""Finds the platforms to test: every folder of ``tests/adapters`` that has a harness."""

import importlib
from pathlib import Path

from adapters.testing.harness import Harness

_FOLDER = Path(__file__).parents[1] / "adapters"


def find_harnesses() -> list[type[Harness]]:
    return [
        importlib.import_module(f"tests.adapters.{path.parent.name}.harness").PlatformHarness
        for path in sorted(_FOLDER.glob("*/harness.py"))
    ]
