"""Long messages: refused above 64 KB, and parsed without holding up the event loop below it."""

import pytest

from commands.lookup.message_intent import MAX_TEXT, lacks_run
from commands.model.messages import Message, Via
from tests.commands.room import ANA, HERE, NOW, Room, private_text
from tests.loop_lag import MAX_LAG_SECONDS, measure_lag


@pytest.mark.parametrize("text", ["comment " + "a" * MAX_TEXT, "é" * (MAX_TEXT // 2 + 1)])
async def test_a_message_over_64_kb_is_refused(room: Room, text: str) -> None:
    await room.start()
    answer = await room.type(text)
    assert answer.result == "failed"
    assert private_text(answer) == (
        "That message is longer than 64 KB, so it wasn't read. Nothing was done. Send a shorter one."
    )


async def test_a_long_comment_is_added(room: Room) -> None:
    await room.start()
    answer = await room.type("comment " + "word " * 10_000)
    assert answer.result == "done"


@pytest.mark.parametrize(
    "line",
    ["finish T1 ", "show a ", "start and ", "status amber ", "T1, ", '" ', "--x=1 ", "assign @ana ", "do T1-T9 "],
)
async def test_parsing_a_long_message_does_not_hold_up_the_event_loop(room: Room, line: str) -> None:
    await room.start()
    text = line + (line.split()[-1] + " ") * (MAX_TEXT // (len(line.split()[-1]) + 2))
    message = Message(key="K", actor=ANA, place=HERE, via=Via.COMMAND, at=NOW, text=text)
    assert len(text) <= MAX_TEXT

    async def parse() -> None:
        lacks_run(message, room.services)
        await room.type(text)

    assert await measure_lag(parse) < MAX_LAG_SECONDS
