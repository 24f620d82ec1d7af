"""A card is not edited between the requests of one write, but not for long."""

import asyncio

import pytest

from bot.outbound import deferred_edits
from bot.outbound.deferred_edits import DeferredEdits


async def test_a_change_during_a_write_is_drawn_once_at_its_end() -> None:
    edited: list[str] = []
    edits = DeferredEdits(lambda run, _: edited.append(run))
    with edits.during_write("R1"):
        assert [edits.defers("R1", None), edits.defers("R1", None), edits.defers("R2", None)] == [
            True,
            True,
            False,
        ]
        with edits.during_write("R1"):
            pass
        assert edited == []
    assert edited == ["R1"]
    assert not edits.defers("R1", None)
    with edits.during_write("R1"):
        pass
    assert edited == ["R1"], "nothing has changed"


async def test_a_slow_write_does_not_keep_the_card_out_of_date(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deferred_edits, "LONGEST_SECONDS", 0.01)
    edited: asyncio.Queue[str] = asyncio.Queue()
    edits = DeferredEdits(lambda run, _: edited.put_nowait(run))
    with edits.during_write("R1"):
        assert edits.defers("R1", None)
        assert await edited.get() == "R1"
        assert not edits.defers("R1", None)
    assert edited.empty()
