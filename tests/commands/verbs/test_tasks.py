"""The verbs on tasks: preconditions, one write per task, and the answer."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from adapters.models import Person, TaskState
from adapters.protocol import Emulated, Unsupported
from adapters.results import WriteResult
from adapters.writes import Op
from commands.cards.run_card import live_card
from commands.model.intents import Finish, OpenForm
from commands.model.messages import Place
from commands.text.catalogue import plain_text
from tests.commands.room import BEN, HERE, Room, activity_texts, button_labels, find_button, private_text


async def test_finish_answers_with_a_receipt_an_activity_line_and_the_card(room: Room) -> None:
    await room.start()
    answer = await room.type("finish T1 seen from two zones")
    assert private_text(answer).startswith("T1 Confirm the primary is down: done. Receipt ")
    assert "“seen from two zones”" in private_text(answer)
    assert len(activity_texts(answer)) == 1
    assert activity_texts(answer)[0].startswith(
        "Ana finished T1 Confirm the primary is down: “seen from two zones” ("
    )
    assert answer.changed_runs == ("R1",)
    assert answer.result == "done"


async def test_only_the_first_line_of_a_note_is_quoted(room: Room) -> None:
    await room.start()
    answer = await room.type("finish T1 first line\nsecond line")
    assert "“first line”" in private_text(answer)
    assert "second" not in private_text(answer)


async def test_a_task_that_is_already_done_says_who_and_when(room: Room) -> None:
    await room.start()
    await room.type("finish T1", by=BEN)
    room.wait(minutes=3)
    answer = await room.type("finish T1")
    assert "T1 Confirm the primary is down was already finished by Ben at 14:06 UTC" in private_text(answer)
    assert "Nothing changed" in private_text(answer)
    assert answer.result == "done"
    assert room.platform.executed.count("finish:1") <= 1
    assert len([step for step in room.platform.executed if step.startswith("finish")]) == 1


async def test_a_task_that_somebody_finished_there_since_names_them(room: Room) -> None:
    """Not the last person who finished it through Liaison."""
    await room.start()
    await room.type("finish T1", by=BEN)
    await room.type("reopen T1", by=BEN)
    room.wait(minutes=3)
    finished = {"state": TaskState.DONE, "finished_by": "Rui", "finished_at": room.now()}
    room.platform.task_changes["Confirm the primary is down"] = finished
    await room.type("show R1")
    assert "was already finished by Rui at 14:09 UTC" in private_text(await room.type("finish T1"))


async def test_a_message_that_is_repeated_after_a_crash_gets_the_same_answer(room: Room) -> None:
    """A handler may run twice: the change of its own write must not fail its precondition."""
    await room.start()
    first = await room.type("finish T1", key="K1")
    again = await room.type("finish T1", key="K1")
    assert private_text(again) == private_text(first)
    assert again.activity == first.activity


async def test_finishing_a_waiting_task_offers_the_task_it_is_waiting_for(room: Room) -> None:
    await room.start()
    await room.type("finish T1")
    answer = await room.type("finish T3")
    assert private_text(answer) == (
        "T3 Promote the replica is waiting for T2 Page the DBA (unassigned). Nothing changed."
    )
    assert button_labels(answer) == ["Begin T2", "Show T2"]
    assert answer.result == "failed"
    done = await room.press(find_button(answer, "Begin T2"))
    assert "T2 Page the DBA: running" in private_text(done)


async def test_a_task_waiting_for_an_approval_names_its_approvers(room: Room) -> None:
    who = (Person(id="2", name="Ben"), Person(id="3", name="Eve"))
    asked: dict[str, object] = {"approval": True, "mark": "approval: Ben, Eve", "approvers": who}
    room.platform.task_changes = {"Page the DBA": asked}
    await room.start()
    await room.type("finish T1")
    answer = await room.type("finish T3")
    assert "T3 Promote the replica is waiting for T2 Page the DBA (Ben, Eve). Nothing changed." in private_text(
        answer
    )
    assert button_labels(answer) == ["Show T2"]
    room.platform.task_changes = {"Page the DBA": {"state": TaskState.FAILED}}
    await room.type("show")
    assert button_labels(await room.type("finish T3")) == ["Show T2"]


async def test_the_run_is_read_again_before_its_snapshot_refuses_a_write(room: Room) -> None:
    """Others finished T1 and T2 on the platform: T3 can begin, although the snapshot is older."""
    tracked = await room.start()
    other = await room.type("finish T1 T2")
    assert other.result == "done"
    room.runs.tracked["R1"] = tracked
    answer = await room.type("begin T3")
    assert "T3 Promote the replica: running" in private_text(answer)


async def test_each_of_several_tasks_gets_its_own_write_and_line(room: Room) -> None:
    await room.start()
    answer = await room.type("finish T1-T4")
    assert private_text(answer).splitlines()[0] == "4 of 4 done in R1 Primary down in EU."
    assert len(activity_texts(answer)) == 4
    assert (await room.run("R1")).run.tasks[3].state == "done"


async def test_a_task_that_does_not_exist_is_answered_with_the_likely_ones(room: Room) -> None:
    await room.start()
    await room.type("begin T2")
    answer = await room.type("finish T99")
    assert "I can't find a task “T99” in R1 Primary down in EU. Which one do you mean?" in private_text(answer)
    assert button_labels(answer) == ["T2 Page the DBA", "T1 Confirm the primary is down", "Show R1"]
    assert "T2 Page the DBA: done" in private_text(await room.press(find_button(answer, "T2 Page the DBA")))
    assert button_labels(await room.type("begin T99"))[:1] == ["T1 Confirm the primary is down"]


@pytest.mark.parametrize("line", ["comment T99: paged", "show T99", "assign T99 me", "finish R1.T99 --then T3"])
async def test_every_verb_offers_open_tasks_for_one_that_does_not_exist(room: Room, line: str) -> None:
    await room.start()
    labels = button_labels(await room.type(line))
    assert labels[-1] == "Show R1"
    assert len(labels) in (3, 5)
    assert labels[0] == "T1 Confirm the primary is down"


async def test_nothing_is_offered_instead_of_one_of_several_tasks(room: Room) -> None:
    await room.start()
    assert button_labels(await room.type("finish T1 T99")) == ["Show R1"]
    assert (await room.run("R1")).run.tasks[0].state is TaskState.READY


async def test_no_form_is_offered_that_would_drop_a_task(room: Room) -> None:
    await room.start()
    assert button_labels(await room.type("hold T1 T2")) == []


@pytest.mark.parametrize(
    ("line", "label", "fill"),
    [
        ("hold T3", "Hold…", {"task": "T3"}),
        ("hold R1.T3", "Hold…", {"task": "T3"}),
        ("hold", "Hold…", {}),
        ("assign T3", "Assign…", {"task": "T3"}),
        ("comment T3:", "Comment…", {"task": "T3"}),
        ("add", "Add a task…", {}),
        ("reject T3", "Reject…", {"task": "T3"}),
        ("finish T3 --note", "Finish…", {"task": "T3"}),
        ("end --message", "End…", {}),
        ("status --next", "Update status", {}),
        ("status amber", "Update status", {"health": "amber"}),
    ],
)
async def test_a_line_that_lacks_a_value_offers_the_form(
    room: Room, line: str, label: str, fill: dict[str, str]
) -> None:
    await room.start()
    form = find_button(await room.type(line), label).intent
    assert isinstance(form, OpenForm)
    assert form.fill == fill


async def test_one_failing_task_does_not_stop_the_others(room: Room) -> None:
    await room.start()
    answer = await room.type("finish T1 T4 T2")
    assert "2 of 3 done" in private_text(answer)
    assert "T4 Repoint the app is waiting for T3 Promote the replica" in private_text(answer)
    assert answer.result == "failed"


async def test_one_unknown_task_among_several_prevents_all_writes(room: Room) -> None:
    await room.start()
    answer = await room.type("finish T1 T9")
    assert "I can't find a task “T9” in R1" in private_text(answer)
    assert not [step for step in room.platform.executed if step.startswith("finish")]


async def test_a_title_that_matches_several_tasks_is_a_choice(room: Room) -> None:
    await room.start()
    room.platform.task_changes["Page the DBA"] = {"title": "Confirm the standby is up"}
    await room.runs.refresh("R1")
    answer = await room.type("skip confirm the")
    assert answer.result == "question"
    assert button_labels(answer) == ["T1 Confirm the primary is down", "T2 Confirm the standby is up"]
    done = await room.press(find_button(answer, "T1 Confirm the primary is down"), by=BEN)
    assert "T1 Confirm the primary is down: skipped" in private_text(done)


async def test_begin_answers_with_the_instructions_and_the_next_steps(room: Room) -> None:
    await room.start()
    answer = await room.type("begin T1")
    assert "T1 Confirm the primary is down: running" in private_text(answer)
    assert "Ask from two zones." in private_text(answer)
    assert button_labels(answer) == ["Finish T1", "Comment"]


async def test_finish_without_a_task_offers_running_tasks_and_the_end_of_the_run(room: Room) -> None:
    await room.start()
    await room.type("begin T1")
    answer = await room.type("finish")
    assert button_labels(answer) == ["T1 Confirm the primary is down", "End R1"]
    assert answer.result == "question"
    done = await room.press(answer.private.buttons[0] if answer.private else Finish())
    assert "T1 Confirm the primary is down: done" in private_text(done)


async def test_a_range_does_not_finish_approvals(room: Room) -> None:
    await room.start()
    room.platform.task_changes["Page the DBA"] = {
        "approval": True,
        "mark": "approval: Ana, Rui",
        "state": TaskState.RUNNING,
    }
    await room.runs.refresh("R1")
    answer = await room.type("finish T1-T2")
    assert (
        "is an approval (Ana, Rui), and only they can give it, in Local runbooks. Nothing changed."
        in private_text(answer)
    )
    assert "1 of 2 done" in private_text(answer)
    assert room.platform.executed[-1].startswith("finish")
    assert (await room.run("R1")).run.tasks[1].state == "running"


async def test_finishing_a_branching_task_asks_for_the_branch(room: Room) -> None:
    tracked = await room.start()
    branches = tuple(task.id for task in tracked.run.tasks[2:])
    room.platform.task_changes["Page the DBA"] = {"branches": branches}
    await room.runs.refresh("R1")
    answer = await room.type("finish T2")
    assert button_labels(answer) == ["T3 Promote the replica", "T4 Repoint the app"]
    assert answer.result == "question"
    intent = find_button(answer, "T4 Repoint the app").intent
    assert intent.model_dump()["pick"] == {"run": "R1", "then": "T4", "tasks": ("T2",)}


async def test_an_unsupported_command_is_refused_before_any_call(room: Room) -> None:
    await room.start()
    room.platform.capabilities = {**room.platform.capabilities, Op.SKIP: Unsupported("Finish it with a note.")}
    answer = await room.type("skip T1")
    assert private_text(answer) == "Local runbooks can't skip a task from here. Finish it with a note."
    assert "skip" not in " ".join(room.platform.executed)


async def test_a_hold_that_liaison_stores_is_shown_and_cleared_by_finishing(room: Room) -> None:
    await room.start()
    room.platform.capabilities = {**room.platform.capabilities, Op.HOLD: Emulated("a comment")}
    room.platform.parts[Op.HOLD] = ("x", "comment")
    answer = await room.type("hold T1 vendor is asleep")
    assert "T1 Confirm the primary is down: held" in private_text(answer)
    tracked = await room.run("R1")
    assert list(tracked.overlay.holds.values()) == ["vendor is asleep"]
    await room.type("finish T1")
    assert (await room.run("R1")).overlay.holds == {}


async def test_a_task_is_held_until_a_time_where_the_platform_can(room: Room) -> None:
    await room.start()
    refused = await room.type("hold T1 vendor is asleep --until 30m")
    assert private_text(refused) == (
        "Local runbooks can't hold a task until a set time. Nothing changed. Leave out --until."
    )
    types = {"local": replace(room.services.platform_types["local"], holds_until=True)}
    room.services = replace(room.services, platform_types=types)
    held = await room.type("hold T1 vendor is asleep --until 30m")
    assert "It resumes at 14:36 UTC." in private_text(held)
    until = room.platform.step_options[-1]["until"]
    assert datetime.fromisoformat(until) - room.now() <= timedelta(minutes=30)


async def test_reopening_clears_a_stored_hold_without_asking_the_platform(room: Room) -> None:
    tracked = await room.start()
    await room.runs.update_overlay("R1", lambda overlay: overlay.with_hold(tracked.run.tasks[0].id, "vendor"))
    before = list(room.platform.executed)
    answer = await room.type("reopen T1")
    assert "T1 Confirm the primary is down: no longer on hold" in private_text(answer)
    assert room.platform.executed == before
    assert activity_texts(answer) == ["Ana took T1 Confirm the primary is down off hold"]


async def test_what_takes_a_task_off_hold_says_so_everywhere(room: Room) -> None:
    await room.start()
    await room.type("hold T1 waiting for the vendor")
    answer = await room.type("resume T1")
    assert private_text(answer).startswith("T1 Confirm the primary is down: no longer on hold. Receipt ")
    assert activity_texts(answer)[0].startswith("Ana took T1 Confirm the primary is down off hold (")


async def test_skip_and_reopen(room: Room) -> None:
    await room.start()
    assert "T1 Confirm the primary is down: skipped" in private_text(await room.type("skip T1 not needed"))
    stale = await room.type("finish T1")
    assert "was skipped by Ana at" in private_text(stale)
    assert button_labels(stale) == ["Reopen T1", "Show T1"]
    assert "T1 Confirm the primary is down: reopened" in private_text(
        await room.press(find_button(stale, "Reopen T1"))
    )
    assert "is already open (ready)" in private_text(await room.type("reopen T1"))


@pytest.mark.parametrize("line", ["finish T1", "status green fine", "comment hello", "add One more", "end"])
async def test_nothing_is_written_to_a_run_that_is_over(room: Room, line: str) -> None:
    thread = HERE.model_copy(update={"thread": "t1"})
    await room.start(place=thread)
    await room.type("end --yes", place=thread)
    before = list(room.platform.executed)
    answer = await room.type(line, place=thread)
    if not line.startswith("comment"):
        assert ("was already finished" if line == "end" else "has ended") in private_text(answer)
        assert room.platform.executed == before


async def test_a_full_handle_names_a_task_of_a_run_elsewhere(room: Room) -> None:
    await room.start(place=Place(surface="console", channel="other"))
    answer = await room.type("finish R1.T1")
    assert "T1 Confirm the primary is down: done" in private_text(answer)


async def test_a_write_that_changed_nothing_has_no_activity_line(room: Room) -> None:
    """A second approval by the same person: the snapshot does not show who approved."""
    await room.start()
    room.platform.results[Op.BEGIN] = WriteResult(already=True)
    answer = await room.type("begin T1")
    assert "T1 Confirm the primary is down is already as you asked. Nothing changed." in private_text(answer)
    assert answer.result == "done"
    assert not answer.activity


async def test_tasks_that_were_already_done_are_not_counted_as_done(room: Room) -> None:
    await room.start()
    answer = await room.type("reopen T1 T2")
    assert private_text(answer).startswith("All of this was already done in R1")
    assert "T1 Confirm the primary is down is already open (ready). Nothing changed." in private_text(answer)
    await room.type("finish T1")
    assert private_text(await room.type("finish T1 T2")).startswith("1 of 2 done in R1")


async def test_an_example_uses_the_task_that_was_typed(room: Room) -> None:
    await room.start()
    for line, example in (
        ("hold T2", "Add a reason, for example: hold T2 waiting for the vendor"),
        ("assign R1.T1 T2", "Say who to assign it to, for example: assign R1.T1 T2 @ben"),
        ("reopen T2 now", "reopen doesn't take now. For example: reopen T2"),
        ("hold", "Add a reason, for example: hold T4 waiting for the vendor"),
    ):
        assert private_text(await room.type(line)) == example


async def test_finishing_a_held_task_that_is_waiting_says_for_what(room: Room) -> None:
    await room.start()
    await room.type("hold T3 waiting for the vendor")
    answer = await room.type("finish T3")
    assert "T3 Promote the replica is waiting for T1" in private_text(answer)
    assert "Try again" not in button_labels(answer)


async def test_a_long_reason_is_shortened_only_on_the_run_card(room: Room) -> None:
    await room.start()
    await room.type("hold T1 " + "so " * 100 + "end")
    sections = live_card(await room.run("R1"), room.services, room.now()).sections
    note = plain_text(sections[0].rows[0].note)
    assert note.startswith("so so")
    assert len(note) <= 80 + len(" · T3 is waiting for it")
    assert "so so end" in private_text(await room.type("show T1"))


async def test_a_note_or_reason_is_in_the_activity_line(room: Room) -> None:
    await room.start()
    assert activity_texts(await room.type("finish T1 promoted by hand"))[0].startswith(
        "Ana finished T1 Confirm the primary is down: “promoted by hand” ("
    )
    assert ": “not needed” (" in activity_texts(await room.type("skip T2 not needed"))[0]
    assert activity_texts(await room.type("finish T3"))[0].startswith("Ana finished T3 Promote the replica (")


async def test_a_field_that_the_platform_has_no_place_for_is_mentioned(room: Room) -> None:
    ignored = frozenset({"start.owner", "add.assignee"})
    types = {"local": replace(room.services.platform_types["local"], ignored_fields=ignored)}
    room.services = replace(room.services, platform_types=types)
    started = await room.type("start Database failover --owner @ben")
    assert "so Ben isn't the owner." in private_text(started)
    assert "so Ben wasn't assigned." in private_text(await room.type("add Tell support --assign @ben"))
    assert "was not assigned" not in private_text(await room.type("add Tell sales"))
