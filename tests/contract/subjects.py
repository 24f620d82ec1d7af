"""Finds the platforms to test: every folder of ``tests/adapters`` that has a ``subject.py`` joins by itself."""

import importlib
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

from adapters.errors import AdapterError
from adapters.protocol import Platform, Unsupported
from adapters.toolkit.messages import load_messages
from adapters.writes import READS, Op
from commands.text.catalogue import plain_text, translate
from tests.contract.subject import Make

_FOLDER = Path(__file__).parents[1] / "adapters"
KINDS: Sequence[str] = sorted(path.parent.name for path in _FOLDER.glob("*/subject.py"))
WRITES = tuple(op for op in Op if op not in READS)


def maker(kind: str) -> Make:
    make: Make = importlib.import_module(f"tests.adapters.{kind}.subject").make
    return make


@cache
def platform(kind: str) -> Platform:
    found: Platform = importlib.import_module(f"adapters.{kind}").PLATFORM
    return found


@cache
def sentences(kind: str) -> Mapping[str, str]:
    return load_messages(platform(kind).messages)


def supports(kind: str, op: Op) -> bool:
    return not isinstance(platform(kind).capabilities.get(op), Unsupported)


def is_told(kind: str, error: AdapterError) -> str:
    """The error's sentence as people will read it. A key without words, or a fact missing, is a failure."""
    return plain_text(translate(error.key, sentences(kind), **{**error.facts, "said": error.said}))


ON_A_WIRE: Sequence[str] = [kind for kind in KINDS if "url" in platform(kind).settings.model_fields]
CAN = [(kind, op) for kind in KINDS for op in WRITES if supports(kind, op)]
CANNOT = [(kind, op) for kind in KINDS for op in WRITES if not supports(kind, op)]
CAN_ON_A_WIRE = [(kind, op) for kind, op in CAN if kind in ON_A_WIRE]
