"""Finds the platforms to test: every folder of ``tests/adapters`` that has a harness.

A platform whose generations differ in what they can do has several, in ``HARNESSES``.
"""

import importlib
from pathlib import Path

from adapters.testing.harness import Harness

_FOLDER = Path(__file__).parents[1] / "adapters"


def find_harnesses() -> list[type[Harness]]:
    folders = sorted(path.parent.name for path in _FOLDER.glob("*/harness.py"))
    modules = [importlib.import_module(f"tests.adapters.{folder}.harness") for folder in folders]
    return [harness for module in modules for harness in getattr(module, "HARNESSES", (module.PlatformHarness,))]
