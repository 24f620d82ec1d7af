"""Several lines in one message, and a run handle that opens a text."""

import pytest

from adapters.protocol import Unsupported
from adapters.writes import Op
from commands.language.parser import command_lines
from commands.registry import COMMANDS
from tests.commands.room import HERE, Room, activity_texts, button_labels, find_button, private_text

OTHER = HERE.model_copy(update={"channel": "other", "channel_name": "other"})


async def test_lines_that_are_all_commands_are_listed_and_run_in_order(room: Room) -> None:
    await room.start()
    answer = await room.type("finish T1 by hand\ncomment T2: paged twice\n\ndone T2", key="K7")
    assert answer.result == "question"
    assert private_text(answer) == (
        "Run these 3 commands?\n1. finish T1 by hand\n2. comment T2: paged twice\n3. done T2"
    )
    assert button_labels(answer) == ["Run all 3"]
    assert not room.messages.submitted
    pressed = await room.press(find_button(answer, "Run all 3"))
    assert "Running 3 commands" in private_text(pressed)
    texts = [message.text for message in room.messages.submitted]
    assert texts == ["finish T1 by hand", "comment T2: paged twice", "done T2"]
    assert len({message.key for message in room.messages.submitted}) == 3
    for message in room.messages.submitted:
        assert (await room.send(message)).result == "done"
    assert "already handled this" in private_text(await room.press(find_button(answer, "Run all 3")))


@pytest.mark.parametrize(
    "text",
    [
        "finish T1",
        "finish T1\nit took a while",
        "comment T1: first\nthen T2",
        "status amber lagging\nfinish T1",
        "finish T1\nfinish the report",
        "finish T1\nhold T2",
        "\n".join(f"finish T{number}" for number in range(1, 30)),
    ],
)
def test_otherwise_the_first_line_is_the_command_and_the_rest_is_its_text(text: str) -> None:
    assert command_lines(text, COMMANDS) == ()


async def test_a_run_that_opens_a_text_is_the_run(room: Room) -> None:
    await room.start()
    elsewhere = await room.type("start Third-party outage", place=OTHER)
    assert elsewhere.changed_runs[0] == "R2"
    commented = await room.type("comment R2 vendor answered")
    assert any("R2" in line and "vendor answered" in line for line in activity_texts(commented))
    posted = await room.type("status R2 vendor is back")
    assert posted.announces == "R2"
    text = await room.type("comment R99 is the old one")
    assert any("“R99 is the old one”" in line or "R99 is the old one" in line for line in activity_texts(text))


@pytest.mark.parametrize(
    ("line", "label"),
    [
        ("T1 is done", "Finish T1"),
        ("i finished t1", "Finish T1"),
        ("T1, T2 done", "Finish T1 T2"),
        ("T1 looks fine to me", "Show T1"),
        ("finsh r1.t1", "Finish R1.T1"),
        ("help finsh", "Help: finish"),
        ("what’s next", "Begin T1"),
        ("what is going on?", "Begin T1"),
        ("whats the status?", "Update status"),
    ],
)
async def test_what_tired_people_type_is_answered_with_what_they_mean(room: Room, line: str, label: str) -> None:
    await room.start()
    assert button_labels(await room.type(line))[0] == label


async def test_help_is_offered_once_for_a_word_that_resembles_it(room: Room) -> None:
    assert button_labels(await room.type("hlep")) == ["Help"]


async def test_a_held_task_is_resumed_by_the_word_on_its_button(room: Room) -> None:
    await room.start()
    await room.type("hold T1 no quorum")
    assert (await room.type("resume T1")).result == "done"
    assert "1 held" not in private_text(await room.type("show"))


async def test_where_nothing_can_be_reopened_a_held_task_is_resumed_by_beginning_it(room: Room) -> None:
    await room.start()
    await room.type("hold T1 no quorum")
    room.platform.capabilities = {**room.platform.capabilities, Op.REOPEN: Unsupported("Add a new task.")}
    assert "T1 Confirm the primary is down: running" in private_text(await room.type("resume T1"))
    refused = await room.type("reopen T1")
    assert private_text(refused) == "Local runbooks can't reopen a task from here. Add a new task."
