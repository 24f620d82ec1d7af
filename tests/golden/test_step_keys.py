"""The step keys of every write on every platform are unchanged. Effects in the log are found by them."""

import json
from pathlib import Path
from typing import Any

import pytest

from adapters.errors import AdapterError
from adapters.protocol import supports
from adapters.testing.fixtures import WRITES
from adapters.testing.harness import Harness
from adapters.testing.writes import PendingWrite, new_write
from adapters.writes import Op, Write
from tests.contract.harnesses import find_harnesses
from tests.golden.stored_formats import FORMATS, step_of

STEPS = json.loads((Path(__file__).parent / "words" / "steps.json").read_text())
VARIANTS: dict[str, list[dict[str, Any]]] = {
    "start": [{"options": {"_copied": "7"}}, {"runbook": {"platform": "any", "id": "not yet read"}}],
    "finish": [{"note": "by hand"}, {"options": {"override": "true"}}],
    "begin": [{"options": {"override": "true"}}],
    "status": [{"health": "red"}, {"health": None}],
    "skip": [{"reason": ""}],
    "end": [{"text": ""}],
    "approve": [{"note": "as agreed"}],
    "reject": [{"reason": ""}],
}
"""Operation -> field values to try besides the contract suite's write, in the format of ``words/writes.json``."""


async def step_keys(harness: Harness, op: Op) -> dict[str, list[str]]:
    """Changed fields as JSON -> step keys, or the message key if the adapter refuses the write."""
    pending = await new_write(harness, op)
    stored_format = FORMATS["writes"]
    written = stored_format.dump(pending.write)
    variants = {
        json.dumps(changes): {**written, "write": {**written["write"], **changes}}
        for changes in VARIANTS.get(op.value, [])
    }
    return {"": _steps(pending, pending.write)} | {
        changes: _steps(pending, stored_format.read(variant)) for changes, variant in variants.items()
    }


def _steps(pending: PendingWrite, write: Write) -> list[str]:
    try:
        return [step_of(step) for step in pending.adapter.steps(write, pending.run)]
    except AdapterError as error:
        return [f"refused: {error.key}"]


HARNESSES = {harness.platform.kind: harness for harness in find_harnesses()}
SUPPORTED = [
    (kind, op)
    for kind, harness in HARNESSES.items()
    for op in WRITES
    if supports(harness.platform.capabilities, op)
]


@pytest.mark.parametrize(("kind", "op"), SUPPORTED)
async def test_step_keys_are_unchanged(kind: str, op: Op) -> None:
    async with HARNESSES[kind].open() as harness:
        assert await step_keys(harness, op) == STEPS[kind][op.value]


def test_every_recorded_operation_is_still_supported() -> None:
    assert {(kind, op) for kind, ops in STEPS.items() for op in ops} <= {
        (kind, op.value) for kind, op in SUPPORTED
    }
