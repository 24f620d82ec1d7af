"""Who may: what a button carries out is judged for whoever presses it, and by what it really does."""

import pytest

from commands.intents import Decide
from commands.ports import Rules
from tests.unit.handlers.world import BEN, EVE, Room, shown


@pytest.mark.parametrize(
    ("step", "what"), [("end", "end runs"), ("start", "start runs"), ("start:copy", "start runs")]
)
async def test_writing_an_unknown_end_or_start_again_takes_the_right_to_it(
    room: Room, step: str, what: str
) -> None:
    await room.start()
    room.allow(Rules(start=("ana",), end=("ana",)))
    for there in (True, False):
        answer = await room.press(Decide(run="R1", key="K", step=step, there=there), by=BEN)
        assert f"Only ana may {what}. Nothing changed." in shown(answer)
        assert "not unknown any more" in shown(await room.press(Decide(run="R1", key="K", step=step, there=there)))


async def test_deciding_what_became_of_a_task_takes_the_right_to_write(room: Room) -> None:
    await room.start()
    decide = Decide(run="R1", key="K", step="finish:1", there=True)
    assert "Guests may look" in shown(await room.press(decide, by=EVE))
    assert "not unknown any more" in shown(await room.press(decide, by=BEN))
