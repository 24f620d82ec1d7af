"""The keys of every write's steps, on every platform: what is in the effect log is found again by them."""

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
from tests.golden.wires import WIRES, step_of

STEPS = json.loads((Path(__file__).parent / "words" / "steps.json").read_text())
MORE: dict[str, list[dict[str, Any]]] = {
    "start": [{"options": {"_copied": "7"}}, {"runbook": {"platform": "any", "id": "not yet read"}}],
    "finish": [{"note": "by hand"}, {"options": {"override": "true"}}],
    "begin": [{"options": {"override": "true"}}],
    "status": [{"health": "red"}, {"health": None}],
    "skip": [{"reason": ""}],
    "end": [{"text": ""}],
    "approve": [{"note": "as agreed"}],
    "reject": [{"reason": ""}],
}
"""What else is asked of an operation than the contract suite asks, in words of ``words/writes.json``."""


async def keys(harness: Harness, op: Op) -> dict[str, list[str]]:
    """By what was asked; of what the platform refuses beforehand, the sentence."""
    pending = await new_write(harness, op)
    wire = WIRES["writes"]
    written = wire.dump(pending.write)
    asked = {
        json.dumps(more): {**written, "write": {**written["write"], **more}} for more in MORE.get(op.value, [])
    }
    return {"": _steps(pending, pending.write)} | {
        more: _steps(pending, wire.read(changed)) for more, changed in asked.items()
    }


def _steps(pending: PendingWrite, write: Write) -> list[str]:
    try:
        return [step_of(step) for step in pending.adapter.steps(write, pending.run)]
    except AdapterError as error:
        return [f"refused: {error.key}"]


HARNESSES = {harness.platform.kind: harness for harness in find_harnesses()}
OFFERED = [
    (kind, op)
    for kind, harness in HARNESSES.items()
    for op in WRITES
    if supports(harness.platform.capabilities, op)
]


@pytest.mark.parametrize(("kind", "op"), OFFERED)
async def test_steps_have_the_keys_that_they_had(kind: str, op: Op) -> None:
    async with HARNESSES[kind].open() as harness:
        assert await keys(harness, op) == STEPS[kind][op.value]


def test_nothing_that_could_be_done_is_gone() -> None:
    assert {(kind, op) for kind, ops in STEPS.items() for op in ops} <= {(kind, op.value) for kind, op in OFFERED}
