"""Writes to tasks that fail, are unknown, or go through in part: what is said, and what is offered."""

from datetime import UTC, datetime

import pytest

from adapters.errors import Conflict, CredentialsRejected, NotFound, OutcomeUnknown, Rejected, Unreachable
from adapters.errors import Unsupported as NotThere
from adapters.models import TaskState
from adapters.protocol import Unsupported
from adapters.results import WriteResult
from adapters.writes import NOTE, Op
from commands.model.card import ClockTime
from commands.model.intents import OpenForm
from tests.commands.room import BEN, Room, activity_texts, button_labels, find_button, private_text


async def test_an_unreachable_platform_leaves_try_again_and_drop(room: Room) -> None:
    await room.start()
    room.platform.errors["finish"] = Unreachable("local", "finish")
    answer = await room.type("finish T1")
    assert "Local runbooks didn't respond, so finishing T1 didn't go through." in private_text(answer)
    assert "Nothing changed" in private_text(answer)
    assert button_labels(answer) == ["Try again", "Dismiss"]
    assert answer.result == "failed"
    room.platform.errors.clear()
    again = await room.press(find_button(answer, "Try again"), by=BEN)
    assert "T1 Confirm the primary is down: done" in private_text(again)
    assert activity_texts(again)[0].startswith("Ben finished")
    twice = await room.press(find_button(answer, "Try again"))
    assert "Ben already handled this at " in private_text(twice)


async def test_a_command_is_dropped_only_once(room: Room) -> None:
    await room.start()
    room.platform.errors["finish"] = Unreachable("local", "finish")
    answer = await room.type("finish T1")
    assert private_text(await room.press(find_button(answer, "Dismiss"))) == "Cancelled. Nothing changed."
    late = await room.press(find_button(answer, "Try again"), by=BEN)
    assert "Ana already handled this" in private_text(late)


async def test_an_unknown_outcome_is_an_activity_line_and_no_failure(room: Room) -> None:
    await room.start()
    room.platform.errors["finish"] = OutcomeUnknown("local", "finish")
    answer = await room.type("finish T1")
    assert answer.result == "question"
    assert "The thread of R1's card will show the outcome" in private_text(answer)
    line = answer.activity[0]
    assert "finishing T1" in activity_texts(answer)[0]
    assert "didn't confirm" in activity_texts(answer)[0]
    assert any(isinstance(span, ClockTime) for span in line.text)
    assert [press.label for press in line.buttons] == ["It was done", "Send it again"]


@pytest.mark.parametrize("line", ["comment T1: hello", "finish T1"])
async def test_a_task_that_was_deleted_there_is_named(room: Room, line: str) -> None:
    await room.start()
    room.platform.errors["comment"] = room.platform.errors["finish"] = NotFound("local", "finish")
    answer = private_text(await room.type(line))
    assert answer.startswith("T1 Confirm the primary is down: I can't find that in Local runbooks."), answer
    assert answer.endswith("Nothing changed.")


async def test_a_refusal_quotes_the_platform_and_offers_a_confirmed_retry(room: Room) -> None:
    await room.start()
    room.platform.errors["finish"] = Rejected(
        "local", "finish", said="not yours", reasons=("one", "two"), retry_with=("override=true",)
    )
    answer = await room.type("finish T1")
    assert "It said: “not yours”" in private_text(answer)
    assert "• one\n• two" in private_text(answer)
    assert "Nothing changed" in private_text(answer)
    assert [line.corrects for line in answer.activity] == [True]
    assert button_labels(answer) == ["Do it anyway"]
    del room.platform.errors["finish"]
    done = await room.press(find_button(answer, "Do it anyway"))
    assert "T1 Confirm the primary is down: done" in private_text(done)


async def test_try_again_is_offered_only_where_it_can_help(room: Room) -> None:
    await room.start()
    for refused in (Rejected("local", "finish"), NotThere("local", "finish"), CredentialsRejected("local", "x")):
        room.platform.errors["finish"] = refused
        assert "Try again" not in button_labels(await room.type("finish T1"))
    room.platform.errors["finish"] = Conflict("local", "finish")
    assert "Try again" in button_labels(await room.type("finish T1"))


async def test_a_confirmed_retry_has_the_options(room: Room) -> None:
    await room.start()
    room.platform.errors["finish"] = Rejected("local", "finish", retry_with=("override=true",))
    answer = await room.type("finish T1")
    dump = find_button(answer, "Do it anyway").intent.model_dump()
    assert dump["pick"]["options"] == {"override": "true"}
    assert dump["key"] == "M2"


async def test_an_unsupported_command_says_what_to_do_instead(room: Room) -> None:
    await room.start()
    room.platform.capabilities = {**room.platform.capabilities, Op.END: Unsupported("End it there.")}
    answer = await room.type("end R1 --yes")
    assert private_text(answer) == "Local runbooks can't end a run from here. End it there."


async def test_a_write_that_was_done_in_part_never_says_nothing_changed(room: Room) -> None:
    await room.start()
    room.platform.parts[Op.FINISH] = ("begin", "finish")
    tracked = await room.run("R1")
    room.platform.errors[f"finish:{tracked.run.tasks[0].id}:finish"] = Rejected("local", "finish", said="no")
    answer = await room.type("finish T1")
    assert "Only part of finishing T1 went through: beginning the task, but not finish." in private_text(answer)
    assert "Nothing changed" not in private_text(answer)
    assert answer.result == "failed"
    assert [text for text in activity_texts(answer) if "only part of finishing T1 went through" in text]


async def test_a_refused_note_is_not_reported_as_a_task_that_was_not_finished(room: Room) -> None:
    await room.start()
    room.platform.parts[Op.FINISH] = ("", NOTE)
    tracked = await room.run("R1")
    key = f"finish:{tracked.run.tasks[0].id}:{NOTE}"
    room.platform.errors[key] = Rejected("local", "finish", key="platform.forbidden")
    answer = await room.type("finish T1 checked twice")
    assert private_text(answer).startswith(
        "Only part of finishing T1 went through: the change itself, but not the note."
    )
    (line,) = activity_texts(answer)
    assert line.startswith("Ana: only part of finishing T1 went through, without the note on T1.")
    assert "Nothing changed" not in line


async def test_a_finish_is_not_denied_when_only_its_note_was_refused(room: Room) -> None:
    await room.start()
    room.platform.parts[Op.FINISH] = ("", "note")
    tracked = await room.run("R1")
    room.platform.errors[f"finish:{tracked.run.tasks[0].id}:note"] = Rejected("local", "finish", said="no")
    answer = await room.type("finish T1 seen from both zones")
    assert "the change itself, but not the note." in private_text(answer)
    (line,) = activity_texts(answer)
    assert "only part of finishing T1 went through, without the note on T1." in line
    assert "didn't go through" not in line


async def test_a_part_that_had_nothing_to_do_is_not_called_a_part_that_went_through(room: Room) -> None:
    await room.start()
    room.platform.parts[Op.HOLD] = ("pause", "")
    room.platform.results[Op.HOLD] = WriteResult(already=True)
    tracked = await room.run("R1")
    room.platform.errors[f"hold:{tracked.run.tasks[0].id}"] = Rejected("local", "hold", said="no")
    answer = await room.type("hold T1 waiting for the vendor")
    assert "Only part" not in private_text(answer)
    assert "Nothing changed" in private_text(answer)


@pytest.mark.parametrize("line", ["hold T1 waiting for the vendor", "begin T1", "assign T1 to @ben"])
async def test_a_write_that_came_too_late_says_who_was_faster(room: Room, line: str) -> None:
    """The platform took it, but somebody had finished the task just before."""
    await room.start()
    task = (await room.run("R1")).run.tasks[0]
    done = task.model_copy(
        update={
            "state": TaskState.DONE,
            "finished_by": "Ben",
            "finished_at": datetime(2026, 7, 18, 14, 2, tzinfo=UTC),
        }
    )
    for op in (Op.HOLD, Op.BEGIN, Op.ASSIGN):
        room.platform.results[op] = WriteResult(tasks=(done,), too_late=True)
    answer = await room.type(line)
    assert f"{task.title} was finished by Ben at" in private_text(answer)
    assert "at the same moment. It stays finished." in private_text(answer)
    (text,) = activity_texts(answer)
    assert "came a moment too late." in text
    assert (await room.run("R1")).overlay.holds == {}


async def test_a_task_that_somebody_else_must_have_first_can_be_assigned_from_the_refusal(room: Room) -> None:
    await room.start()
    room.platform.errors["finish"] = Rejected("local", "finish", assign_first=True)
    answer = await room.type("finish T1")
    assign = find_button(answer, "Assign…")
    assert assign.intent == OpenForm(run="R1", about="assign", fill={"task": "T1"})
