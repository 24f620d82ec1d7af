"""What people read and press where Cutover differs from the other platforms: the whole application, over HTTP."""

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from adapters.writes import Baseline
from bot.storage.effects import Effect
from bot.surfaces.console.surface import person, room
from commands.dispatch import Route
from commands.model.intents import DecideOutcome, Start
from commands.model.messages import Message, Via
from tests.adapters.cutover.acting import MARK, start
from tests.adapters.cutover.fake import CutoverFake
from tests.adapters.cutover.talking import Talk, talking
from tests.adapters.cutover.test_starting import NO_PHONE, UNASSIGNED
from tests.adapters.cutover.test_tasks import OTHER
from tests.adapters.cutover.world import BOT

LATE = ("runbooks.start.late_tasks", "2 tasks have a start time in the past", False)


@pytest.fixture
async def talk(fake: CutoverFake, tmp_path: Path) -> AsyncIterator[Talk]:
    async with talking(fake, tmp_path) as talk:
        yield talk


async def test_the_checks_are_listed_once_and_the_copy_can_be_started_all_the_same(
    fake: CutoverFake, talk: Talk
) -> None:
    fake.template.checks = [UNASSIGNED, NO_PHONE]
    said = await talk.say("start Database failover --name Primary down")
    assert said.count(UNASSIGNED[1]) == said.count(NO_PHONE[1]) == 1
    assert "The copy “R1 Primary down” was made; it stays in Cutover, in planning." in said
    assert "R1 Primary down: started." in await talk.press("Do it anyway")
    assert [what for what, _, _ in fake.effects] == ["copy", "change", "start"]


async def test_a_copy_that_was_not_started_is_started_from_its_card(fake: CutoverFake, talk: Talk) -> None:
    fake.template.checks = [UNASSIGNED]
    await talk.say("start Database failover --name Primary down")
    assert "planned, not started" in talk.card
    assert "[Start]" in talk.card
    said = await talk.say("finish T1")
    assert "R1 Primary down is only planned: none of its tasks can begin before it is started." in said
    next(one for one in fake.runbooks.values() if not one.is_template).checks = []
    assert "Start R1 Primary down on Cutover? Nothing was started yet." in await talk.press("Start")
    assert "started. Receipt" in await talk.press("Start live")
    assert [what for what, _, _ in fake.effects] == ["copy", "start"]


async def test_late_tasks_may_be_planned_from_now(fake: CutoverFake, talk: Talk) -> None:
    planned = fake.world.planned("Quarterly restore test")
    planned.checks = [LATE]
    await talk.say("start Quarterly restore test")
    said = await talk.press("Start live")
    assert LATE[1] in said
    assert "[Plan from now, and start]" in said
    assert "[Start all the same]" in said
    planned.checks = []
    await talk.press("Plan from now, and start")
    metas = [seen.json["meta"] for seen in fake.calls("PATCH", "/start$")]
    assert [(meta["rebaseline"], meta["validation_level"]) for meta in metas] == [
        (False, "warning"),
        (True, "warning"),
    ]
    assert planned.stage == "active"


async def test_a_part_that_is_recorded_is_not_called_done(fake: CutoverFake, talk: Talk) -> None:
    await talk.say("start Database failover --name Primary down")
    run = next(one for one in fake.runbooks.values() if not one.is_template)
    first, second, *_ = run.tasks.values()
    first.start_requirements, second.end_requirements = "all_must_start", "all_must_end"
    first.people = second.people = [BOT, OTHER]
    said = await talk.say("begin T1")
    assert "T1 Confirm the primary is down: one part of it is recorded." in said
    assert "running" not in said
    assert "[Finish T1]" not in said
    said = await talk.say("finish T1 all fine")
    assert "The other people of the task must start it before anybody can finish it. It was not finished." in said
    said = await talk.say("finish T2")
    assert "T2 Page the DBA: one part of it is recorded." in said
    assert "done" not in said
    said = await talk.say("finish T2")
    assert "Your finish is already recorded; the other people of the task must still finish it." in said
    assert "done" not in said


async def test_a_planned_runbook_may_be_started_in_four_ways(fake: CutoverFake, talk: Talk) -> None:
    for number, (label, meant) in enumerate(
        {
            "Start live": ("live", "off"),
            "Rehearsal": ("rehearsal", "off"),
            "Live, send messages": ("live", "on"),
            "Live, test messages": ("live", "test"),
        }.items()
    ):
        planned = fake.world.planned(f"Restore test {number}")
        said = await talk.say(f"start {planned.name}")
        assert said.count("[") == 5, "four ways, and to leave it"
        assert planned.stage == "planning"
        assert "started. Receipt" in await talk.press(label)
        assert (planned.run_type, planned.run_comms) == meant


async def test_what_was_picked_stays_picked_when_the_checks_are_passed_over(fake: CutoverFake, talk: Talk) -> None:
    planned = fake.world.planned("Restore test")
    planned.checks = [NO_PHONE]
    await talk.say("start Restore test")
    assert NO_PHONE[1] in await talk.press("Live, send messages")
    await talk.press("Do it anyway")
    assert (planned.stage, planned.run_type, planned.run_comms) == ("active", "live", "on")


async def test_what_the_line_says_is_not_asked_again(fake: CutoverFake, talk: Talk) -> None:
    planned = fake.world.planned("Restore test")
    said = await talk.say("start Restore test --set comms=test")
    assert said.splitlines()[-2:] == ["[Start]", "[Cancel]"]
    await talk.press("Start")
    assert planned.run_comms == "test"


async def test_a_runbooks_steps_offer_a_rehearsal(fake: CutoverFake, talk: Talk) -> None:
    said = await talk.say("show Database failover")
    assert said.splitlines()[-4:] == ["[Start]", "[Rehearsal]", "[Live, send messages]", "[Start with a name…]"]
    assert "Nothing was started yet." in await talk.press("Live, send messages"), (
        "it asks before anybody is alerted"
    )
    assert fake.effects == []
    await talk.press("Rehearsal")
    assert [one.run_type for one in fake.runbooks.values() if one.stage == "active"] == ["rehearsal"]


async def test_the_card_says_how_late_it_gets_which_streams_suffer_and_who_is_written_to(
    fake: CutoverFake, talk: Talk
) -> None:
    await talk.say("start Database failover --set comms=test")
    run = next(one for one in fake.runbooks.values() if not one.is_template)
    run.end_planned, run.end_forecast = "2030-01-01T10:00:00Z", "2030-01-01T11:05:30.000Z"
    (first, _), (second, _) = run.streams
    run.stream_status = {first: ("amber", "two people on call"), second: ("red", "")}
    await talk.say("show")
    card = talk.card
    assert "Forecast to end 11:05 UTC, 1 h 05 min later than planned (10:00 UTC)." in card
    assert "Streams: Fail over RED, Triage AMBER (two people on call)." in card
    assert "Cutover sends test messages only about this run." in card
    run.end_scheduled, run.stream_status = "2030-01-01T11:30:00Z", {}
    await talk.say("show")
    assert "Forecast to end 11:05 UTC, 24 min earlier than planned (11:30 UTC)." in talk.card
    assert "Streams" not in talk.card


async def test_an_override_is_for_those_who_may_and_leaves_a_note_in_cutover(
    fake: CutoverFake, tmp_path: Path
) -> None:
    async with talking(fake, tmp_path, '[access]\noverride = ["ben"]\n') as talk:
        await talk.say("start Database failover")
        run = next(one for one in fake.runbooks.values() if not one.is_template)
        first, second, *_ = run.tasks.values()
        first.people = second.people = [OTHER]
        said = await talk.say("finish T1 seen from two zones")
        assert "Liaison's Cutover account is not assigned to this task. Nothing changed" in said
        assert "Only ben may overrule a platform's rules. Nothing changed." in await talk.press("Do it anyway")
        assert first.stage == "startable"
        assert "T1 Confirm the primary is down: done." in await talk.press("Do it anyway", by="ben")
        (note,) = run.comments
        assert "seen from two zones" in note.content
        assert "override. — Ben via Console (" in note.content
        await talk.say("begin T2", by="ben")
        await talk.press("Do it anyway", by="ben")
        assert (second.stage, run.comments[-1].task) == ("in_progress", second.id)


async def test_a_run_that_is_gone_is_not_called_silent(fake: CutoverFake, talk: Talk) -> None:
    await talk.say("start Database failover")
    fake.fault("answer", path="/core/runbooks/", status=404, body='{"errors": []}', times=50)
    said = await talk.say("show T1")
    assert "Cutover has no such thing, or it is archived, or Liaison's account may not see it." in said
    assert "This is as read at" in said
    assert "does not answer" not in said


async def test_a_lost_copy_goes_on_when_a_person_has_named_it(fake: CutoverFake, talk: Talk) -> None:
    """As after the last look, half an hour ago: asked whether the copy is there."""
    at = datetime.now(UTC) - timedelta(minutes=30)
    handle = await talk.app.runs.reserve_handle("cutover", "R1 Primary down", fake.template.id, "lost")
    intent = Start(runbook="Database failover", name="Primary down", run=handle).model_dump(mode="json")
    typed = Message(key="lost", actor=person("ana"), place=room(), via=Via.SAY, at=at, text="start")
    await talk.app.inbox.record(typed, b"")
    talk.app.inbox.placed("lost", json.dumps(intent), Route(intent=intent, queue=handle, starting=True), 1)
    await talk.app.inbox.done("lost", "question")
    copy = start(fake.template.id, title="R1 Primary down").model_copy(update={"part": "copy", "handle": handle})
    effect = Effect("lost", copy, handle, "cutover", MARK, Baseline(sent_at=at), "unknown", 1)
    await talk.app.ledger.sent(effect)
    await talk.app.ledger.outcome(effect, "unknown", None)
    there = DecideOutcome(run=handle, key="lost", step=copy.step_key, applied=True)
    assert "Cutover shows nothing called “R1 Primary down”" in await talk.execute(there)
    assert fake.effects == []
    made = fake.world.planned("R1 Primary down")
    assert "starting R1 goes on from there" in await talk.execute(there)
    await talk.until(lambda: made.stage == "active" and "[Begin T1]" in talk.card)
    assert fake.effects == [("start", made.id, "900")]


async def test_mine_says_that_nobody_can_know(talk: Talk) -> None:
    await talk.say("start Database failover")
    assert await talk.say("mine") == (
        "No open task is yours.\nWhose a task is cannot be seen on Cutover; /run next shows what can begin."
    )
    await talk.say("begin T1")
    said = await talk.say("mine")
    assert "cannot be seen" not in said, "what I began here is mine"
    assert "[Finish R1.T1]" in said
