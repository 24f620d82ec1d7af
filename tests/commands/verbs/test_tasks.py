"""The verbs on tasks: judged, written once, and answered with what is true."""

import pytest

from adapters.errors import Conflict, CredentialsRejected, OutcomeUnknown, Rejected, Unreachable
from adapters.errors import Unsupported as NotThere
from adapters.models import Person, TaskState
from adapters.protocol import Emulated, Unsupported
from adapters.writes import Op, WriteResult
from commands.cards.run_card import live_card
from commands.model.card import ClockTime
from commands.model.intents import Finish
from commands.model.messages import Place
from commands.text.catalogue import plain_text
from tests.commands.world import BEN, HERE, Room, button, labels, shown, traces


async def test_finish_answers_with_a_receipt_a_trace_and_the_card(room: Room) -> None:
    await room.start()
    answer = await room.type("finish T1 seen from two zones")
    assert shown(answer).startswith("T1 Confirm the primary is down: done. Receipt ")
    assert "“seen from two zones”" in shown(answer)
    assert len(traces(answer)) == 1
    assert traces(answer)[0].startswith("Ana finished T1 Confirm the primary is down (")
    assert answer.changed_runs == ("R1",)
    assert answer.result == "done"


async def test_a_note_of_several_lines_is_quoted_by_its_first(room: Room) -> None:
    await room.start()
    answer = await room.type("finish T1 first line\nsecond line")
    assert "“first line”" in shown(answer)
    assert "second" not in shown(answer)


async def test_already_as_asked_says_who_and_when(room: Room) -> None:
    await room.start()
    await room.type("finish T1", by=BEN)
    room.wait(minutes=3)
    answer = await room.type("finish T1")
    assert "T1 Confirm the primary is down was already finished by Ben via Console at 14:06 UTC" in shown(answer)
    assert "Nothing changed" in shown(answer)
    assert answer.result == "done"
    assert room.platform.carried.count("finish:1") <= 1
    assert len([one for one in room.platform.carried if one.startswith("finish")]) == 1


async def test_the_same_message_carried_again_after_a_crash_gives_the_same_answer(room: Room) -> None:
    """A handler may run again from its first line: what its own write changed is no objection."""
    await room.start()
    first = await room.type("finish T1", key="K1")
    again = await room.type("finish T1", key="K1")
    assert shown(again) == shown(first)
    assert again.activity == first.activity


async def test_a_waiting_task_is_stale_and_offers_what_it_waits_for(room: Room) -> None:
    await room.start()
    await room.type("finish T1")
    answer = await room.type("finish T3")
    assert shown(answer) == (
        "T3 Promote the replica is waiting for T2 Page the DBA (unassigned). Nothing changed."
    )
    assert labels(answer) == ["Begin T2", "Show T2"]
    assert answer.result == "failed"
    done = await room.press(button(answer, "Begin T2"))
    assert "T2 Page the DBA: running" in shown(done)


async def test_what_waits_for_an_approval_says_who_is_asked_for_it(room: Room) -> None:
    who = (Person(id="2", name="Ben"), Person(id="3", name="Eve"))
    asked: dict[str, object] = {"approval": True, "mark": "approval: Ben, Eve", "approvers": who}
    room.platform.tasks = {"Page the DBA": asked}
    await room.start()
    await room.type("finish T1")
    answer = await room.type("finish T3")
    assert "T3 Promote the replica is waiting for T2 Page the DBA (Ben, Eve). Nothing changed." in shown(answer)
    assert labels(answer) == ["Show T2"]
    room.platform.tasks = {"Page the DBA": {"state": TaskState.FAILED}}
    await room.type("show")
    assert labels(await room.type("finish T3")) == ["Show T2"]


async def test_what_the_snapshot_forbids_is_read_again_before_it_is_refused(room: Room) -> None:
    """T1 and T2 were finished by others on the platform: T3 can begin, whatever we read before."""
    known = await room.start()
    other = await room.type("finish T1 T2")
    assert other.result == "done"
    room.runs.kept["R1"] = known
    answer = await room.type("begin T3")
    assert "T3 Promote the replica: running" in shown(answer)


async def test_several_tasks_are_several_writes_and_a_line_each(room: Room) -> None:
    await room.start()
    answer = await room.type("finish T1-T4")
    assert shown(answer).splitlines()[0] == "4 of 4 done in R1 Primary down in EU."
    assert len(traces(answer)) == 4
    assert (await room.run("R1")).run.tasks[3].state == "done"


async def test_one_that_fails_does_not_stop_the_others_and_the_answer_failed(room: Room) -> None:
    await room.start()
    answer = await room.type("finish T1 T4 T2")
    assert "2 of 3 done" in shown(answer)
    assert "T4 Repoint the app is waiting for T3 Promote the replica" in shown(answer)
    assert answer.result == "failed"


async def test_an_unknown_name_among_several_writes_nothing(room: Room) -> None:
    await room.start()
    answer = await room.type("finish T1 T9")
    assert "I can't find a task “T9” in R1" in shown(answer)
    assert not [one for one in room.platform.carried if one.startswith("finish")]


async def test_a_title_that_fits_several_tasks_asks_and_each_button_completes_the_command(room: Room) -> None:
    await room.start()
    room.platform.tasks["Page the DBA"] = {"title": "Confirm the standby is up"}
    await room.runs.refresh("R1")
    answer = await room.type("skip confirm the")
    assert answer.result == "question"
    assert labels(answer) == ["T1 Confirm the primary is down", "T2 Confirm the standby is up"]
    done = await room.press(button(answer, "T1 Confirm the primary is down"), by=BEN)
    assert "T1 Confirm the primary is down: skipped" in shown(done)


async def test_begin_answers_with_the_instructions_and_what_comes_next(room: Room) -> None:
    await room.start()
    answer = await room.type("begin T1")
    assert "T1 Confirm the primary is down: running" in shown(answer)
    assert "Ask from two zones." in shown(answer)
    assert labels(answer) == ["Finish T1", "Comment"]


async def test_finish_alone_offers_the_running_tasks_and_the_end_of_the_run(room: Room) -> None:
    await room.start()
    await room.type("begin T1")
    answer = await room.type("finish")
    assert labels(answer) == ["T1 Confirm the primary is down", "End R1"]
    assert answer.result == "question"
    done = await room.press(answer.private.buttons[0] if answer.private else Finish())
    assert "T1 Confirm the primary is down: done" in shown(done)


async def test_an_approval_is_refused_also_within_a_range(room: Room) -> None:
    await room.start()
    room.platform.tasks["Page the DBA"] = {"approval": True, "mark": "approval: Ana, Rui", "state": "running"}
    await room.runs.refresh("R1")
    answer = await room.type("finish T1-T2")
    assert "is an approval (Ana, Rui), and only they can give it, in Local runbooks. Nothing changed." in shown(
        answer
    )
    assert "1 of 2 done" in shown(answer)
    assert room.platform.carried[-1].startswith("finish")
    assert (await room.run("R1")).run.tasks[1].state == "running"


async def test_a_task_that_branches_asks_which_comes_then(room: Room) -> None:
    known = await room.start()
    branches = tuple(task.id for task in known.run.tasks[2:])
    room.platform.tasks["Page the DBA"] = {"branches": branches}
    await room.runs.refresh("R1")
    answer = await room.type("finish T2")
    assert labels(answer) == ["T3 Promote the replica", "T4 Repoint the app"]
    assert answer.result == "question"
    intent = button(answer, "T4 Repoint the app").intent
    assert intent.model_dump()["pick"] == {"run": "R1", "then": "T4", "tasks": ("T2",)}


async def test_what_a_platform_cannot_do_is_refused_before_any_call(room: Room) -> None:
    await room.start()
    room.platform.capabilities = {**room.platform.capabilities, Op.SKIP: Unsupported("Finish it with a note.")}
    answer = await room.type("skip T1")
    assert shown(answer) == "Local runbooks can't skip a task from here. Finish it with a note."
    assert "skip" not in " ".join(room.platform.carried)


async def test_a_hold_that_liaison_keeps_is_shown_and_cleared_by_finishing(room: Room) -> None:
    await room.start()
    room.platform.capabilities = {**room.platform.capabilities, Op.HOLD: Emulated("a comment")}
    room.platform.parts[Op.HOLD] = ("x", "comment")
    answer = await room.type("hold T1 vendor is asleep")
    assert "T1 Confirm the primary is down: held" in shown(answer)
    known = await room.run("R1")
    assert list(known.overlay.holds.values()) == ["vendor is asleep"]
    await room.type("finish T1")
    assert (await room.run("R1")).overlay.holds == {}


async def test_a_kept_hold_is_let_go_by_reopening_without_asking_the_platform(room: Room) -> None:
    known = await room.start()
    await room.runs.update_overlay("R1", holds={known.run.tasks[0].id: "vendor"})
    before = list(room.platform.carried)
    answer = await room.type("reopen T1")
    assert "T1 Confirm the primary is down: no longer held" in shown(answer)
    assert room.platform.carried == before


async def test_out_of_patience_is_not_done_with_try_again_and_drop(room: Room) -> None:
    await room.start()
    room.platform.raises["finish"] = Unreachable("local", "finish")
    answer = await room.type("finish T1")
    assert "Local runbooks didn't respond, so finishing T1 didn't go through." in shown(answer)
    assert "Nothing changed" in shown(answer)
    assert labels(answer) == ["Try again", "Dismiss"]
    assert answer.result == "failed"
    room.platform.raises.clear()
    again = await room.press(button(answer, "Try again"), by=BEN)
    assert "T1 Confirm the primary is down: done" in shown(again)
    assert traces(again)[0].startswith("Ben finished")
    twice = await room.press(button(answer, "Try again"))
    assert "Ben already handled this at " in shown(twice)


async def test_drop_ends_a_command_once(room: Room) -> None:
    await room.start()
    room.platform.raises["finish"] = Unreachable("local", "finish")
    answer = await room.type("finish T1")
    assert shown(await room.press(button(answer, "Dismiss"))) == "Cancelled. Nothing changed."
    late = await room.press(button(answer, "Try again"), by=BEN)
    assert "Ana already handled this" in shown(late)


async def test_an_unknown_outcome_is_said_in_the_trace_and_never_failed(room: Room) -> None:
    await room.start()
    room.platform.raises["finish"] = OutcomeUnknown("local", "finish")
    answer = await room.type("finish T1")
    assert answer.result == "question"
    assert "The activity line in the thread of R1's card" in shown(answer)
    line = answer.activity[0]
    assert "finishing T1" in traces(answer)[0]
    assert "didn't confirm" in traces(answer)[0]
    assert any(isinstance(span, ClockTime) for span in line.text)
    assert [press.label for press in line.buttons] == ["It was done", "Send it again"]


async def test_a_refusal_has_the_platforms_words_and_reasons_and_a_confirmed_retry(room: Room) -> None:
    await room.start()
    room.platform.raises["finish"] = Rejected(
        "local", "finish", said="not yours", reasons=("one", "two"), retry_with=("override=true",)
    )
    answer = await room.type("finish T1")
    assert "It said: “not yours”" in shown(answer)
    assert "• one\n• two" in shown(answer)
    assert "Nothing changed" in shown(answer)
    assert [line.corrects for line in answer.activity] == [True]
    assert labels(answer) == ["Do it anyway"]
    del room.platform.raises["finish"]
    done = await room.press(button(answer, "Do it anyway"))
    assert "T1 Confirm the primary is down: done" in shown(done)


async def test_try_again_is_offered_only_where_the_same_may_be_taken(room: Room) -> None:
    await room.start()
    for refused in (Rejected("local", "finish"), NotThere("local", "finish"), CredentialsRejected("local", "x")):
        room.platform.raises["finish"] = refused
        assert "Try again" not in labels(await room.type("finish T1"))
    room.platform.raises["finish"] = Conflict("local", "finish")
    assert "Try again" in labels(await room.type("finish T1"))


async def test_the_confirmed_retry_carries_the_options(room: Room) -> None:
    await room.start()
    room.platform.raises["finish"] = Rejected("local", "finish", retry_with=("override=true",))
    answer = await room.type("finish T1")
    dump = button(answer, "Do it anyway").intent.model_dump()
    assert dump["pick"]["options"] == {"override": "true"}
    assert dump["key"] == "M2"


async def test_what_a_platform_cannot_do_is_said_in_words(room: Room) -> None:
    await room.start()
    room.platform.capabilities = {**room.platform.capabilities, Op.END: Unsupported("End it there.")}
    answer = await room.type("end R1 --yes")
    assert shown(answer) == "Local runbooks can't end a run from here. End it there."


async def test_part_of_a_write_is_never_reported_as_nothing(room: Room) -> None:
    await room.start()
    room.platform.parts[Op.FINISH] = ("begin", "finish")
    known = await room.run("R1")
    room.platform.raises[f"finish:{known.run.tasks[0].id}:finish"] = Rejected("local", "finish", said="no")
    answer = await room.type("finish T1")
    assert "Only part of finishing T1 went through: beginning the task." in shown(answer)
    assert "Nothing changed" not in shown(answer)
    assert answer.result == "failed"


async def test_assign_finds_people_of_the_chat(room: Room) -> None:
    await room.start()
    answer = await room.type("assign T1 @ben")
    assert "T1 Confirm the primary is down: assigned to Ben" in shown(answer)
    already = await room.type("assign T1 @ben")
    assert "is already assigned to Ben" in shown(already)
    nobody = await room.type("assign T1 @zoe")
    assert "I can't find anyone called “@zoe” here" in shown(nobody)


async def test_skip_and_reopen(room: Room) -> None:
    await room.start()
    assert "T1 Confirm the primary is down: skipped" in shown(await room.type("skip T1 not needed"))
    stale = await room.type("finish T1")
    assert "was skipped by Ana via Console at" in shown(stale)
    assert labels(stale) == ["Reopen T1", "Show T1"]
    assert "T1 Confirm the primary is down: reopened" in shown(await room.press(button(stale, "Reopen T1")))
    assert "is already open (ready)" in shown(await room.type("reopen T1"))


@pytest.mark.parametrize("line", ["finish T1", "status green fine", "comment hello", "add One more", "end"])
async def test_nothing_is_written_to_a_run_that_is_over(room: Room, line: str) -> None:
    thread = HERE.model_copy(update={"thread": "t1"})
    await room.start(place=thread)
    await room.type("end --yes", place=thread)
    before = list(room.platform.carried)
    answer = await room.type(line, place=thread)
    if not line.startswith("comment"):
        assert ("was already finished" if line == "end" else "has ended") in shown(answer)
        assert room.platform.carried == before


async def test_a_task_of_a_run_elsewhere_is_named_in_full(room: Room) -> None:
    await room.start(place=Place(surface="console", channel="other"))
    answer = await room.type("finish R1.T1")
    assert "T1 Confirm the primary is down: done" in shown(answer)


async def test_what_was_so_before_us_is_no_deed_of_ours(room: Room) -> None:
    """One's own part of an approval, given a second time: the snapshot does not say whose parts are given."""
    await room.start()
    room.platform.says[Op.BEGIN] = WriteResult(already=True)
    answer = await room.type("begin T1")
    assert "T1 Confirm the primary is down: already done. Nothing changed." in shown(answer)
    assert answer.result == "done"
    assert not answer.activity


async def test_of_several_what_was_so_before_is_not_counted_as_done(room: Room) -> None:
    await room.start()
    answer = await room.type("reopen T1 T2")
    assert shown(answer).startswith("All of this was already done in R1")
    assert "T1 Confirm the primary is down is already open (ready). Nothing changed." in shown(answer)
    await room.type("finish T1")
    assert shown(await room.type("finish T1 T2")).startswith("1 of 2 done in R1")


async def test_the_example_is_about_the_task_that_was_typed(room: Room) -> None:
    await room.start()
    for line, example in (
        ("hold T2", "Add a reason, for example: hold T2 waiting for the vendor"),
        ("assign R1.T1 T2", "Say who to assign it to, for example: assign R1.T1 T2 @ben"),
        ("reopen T2 now", "reopen doesn't take now. For example: reopen T2"),
        ("hold", "Add a reason, for example: hold T4 waiting for the vendor"),
    ):
        assert shown(await room.type(line)) == example


async def test_a_held_task_that_waits_is_not_sent_and_says_for_what(room: Room) -> None:
    await room.start()
    await room.type("hold T3 waiting for the vendor")
    answer = await room.type("finish T3")
    assert "T3 Promote the replica is waiting for T1" in shown(answer)
    assert "Try again" not in labels(answer)


async def test_a_long_reason_is_short_on_the_card_and_whole_on_the_tasks_own(room: Room) -> None:
    await room.start()
    await room.type("hold T1 " + "so " * 100 + "end")
    sections = live_card(await room.run("R1"), room.world, room.now()).sections
    note = plain_text(sections[0].rows[0].note)
    assert note.startswith("so so")
    assert len(note) <= 80
    assert "so so end" in shown(await room.type("show T1"))
