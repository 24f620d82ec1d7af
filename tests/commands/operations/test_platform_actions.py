"""What is offered can be done, what is asked about was likely meant, and nobody types a text twice."""

import pytest

from adapters.errors import Unreachable
from adapters.models import RunbookKey
from adapters.protocol import Capability, Emulated, Unsupported
from adapters.writes import Op
from commands.cards.error_card import busy_answer
from commands.lookup.distinct_names import runbook_names
from commands.lookup.message_intent import parse_message
from commands.model.messages import Message, Via
from tests.commands.room import BEN, HERE, Room, activity_texts, button_labels, find_button, private_text


@pytest.mark.parametrize(
    "words", ["Pomote", "replca", "Page the DBA nobody answers", "do NOT promote the replica"]
)
async def test_a_title_that_only_resembles_one_is_asked_about(room: Room, words: str) -> None:
    await room.start()
    answer = await room.type(f"finish {words}")
    assert "I can't find a task " in private_text(answer)
    assert button_labels(answer)[-1] == "Show R1"
    assert button_labels(answer)[0].split()[0] in ("T2", "T3")
    assert room.platform.executed == ["start"]


async def test_a_mistyped_title_is_still_taken(room: Room) -> None:
    await room.start()
    assert "T2 Page the DBA: done" in private_text(await room.type("finish Pgae the DBA"))


async def test_a_form_that_failed_opens_again_as_it_was_filled(room: Room) -> None:
    await room.start()
    filled = {"verb": "assign", "run": "R1", "tasks": ["T2"], "person": "@zorro"}
    answer = await room.submit(filled)
    assert "I can't find anyone called “@zorro” here" in private_text(answer)
    assert button_labels(answer)[-1] == "Try again"


async def test_a_platform_that_did_not_answer_is_not_quoted(room: Room) -> None:
    room.platform.errors["runbooks"] = Unreachable("local", "runbooks", said="ConnectError: connection refused")
    answer = await room.type("start Database failover")
    assert private_text(answer) == "Local runbooks isn't responding. Nothing was sent."


async def test_reopening_is_not_offered_where_it_cannot_be_done(room: Room) -> None:
    await room.start()
    room.platform.capabilities = {**room.platform.capabilities, Op.REOPEN: Unsupported("Add a new task.")}
    await room.type("finish T1", by=BEN)
    answer = await room.type("begin T1")
    assert "was already finished by Ben" in private_text(answer)
    assert "reopen" not in private_text(answer)
    assert button_labels(answer) == ["Show T1"]


async def test_what_only_we_hold_can_be_let_go_where_nothing_can_be_reopened(room: Room) -> None:
    await room.start()
    can: dict[Op, Capability] = {
        Op.REOPEN: Unsupported("Add a new task."),
        Op.HOLD: Emulated("saved in Liaison only"),
    }
    room.platform.capabilities = {**room.platform.capabilities, **can}
    await room.type("hold T1 vendor is asleep")
    assert private_text(await room.type("reopen T1")) == "T1 Confirm the primary is down: no longer on hold."
    await room.type("finish T1")
    assert "Add a new task." in private_text(await room.type("reopen T1"))


async def test_what_runs_is_not_begun_again_where_nothing_can_be_assigned(room: Room) -> None:
    await room.start()
    room.platform.capabilities = {**room.platform.capabilities, Op.ASSIGN: Unsupported("Assign it there.")}
    room.platform.task_changes["Page the DBA"] = {"assignees": ()}
    await room.type("begin T2", by=BEN)
    answer = await room.type("begin T2")
    assert private_text(answer).startswith("T2 Page the DBA was already begun by Ben at ")
    assert "and is running. Nothing changed." in private_text(answer)
    assert activity_texts(answer) == []


async def test_finish_alone_offers_what_could_be_finished(room: Room) -> None:
    await room.start()
    room.platform.capabilities = {**room.platform.capabilities, Op.END: Unsupported("Finish the open tasks.")}
    assert button_labels(await room.type("finish")) == ["T1 Confirm the primary is down", "T2 Page the DBA"]


async def test_a_task_named_twice_is_meant_once(room: Room) -> None:
    await room.start()
    assert private_text(await room.type("finish T1 T1")).startswith(
        "T1 Confirm the primary is down: done. Receipt "
    )


async def test_runbooks_of_one_title_are_told_apart_within_a_button(room: Room) -> None:
    book = await room.platform.runbook("failover.md")
    long = "Database failover of the whole cluster"
    here = book.model_copy(update={"title": long})
    there = here.model_copy(update={"key": RunbookKey(platform="cutover", id="7")})
    names = runbook_names([here, there])
    assert names[0].endswith("… (local)")
    assert names[1].endswith("… (cutover)")
    assert len(names[1]) <= 30
    assert runbook_names([here]) == [long]


async def test_what_a_start_held_back_too_long_can_be_tried_again(room: Room) -> None:
    await room.start()
    typed = Message(key="K9", actor=BEN, place=HERE, via=Via.COMMAND, at=room.now(), text="comment T2: hello")
    answer = busy_answer(typed, "R2")
    assert "R2 is still starting. Nothing was done" in private_text(answer)
    room.messages.intents["K9"] = parse_message(typed, room.services).model_dump(mode="json")
    again = await room.press(find_button(answer, "Try again"), by=BEN)
    assert "T2 Page the DBA: comment added" in private_text(again)
