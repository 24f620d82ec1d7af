"""What people see where Cutover differs from other platforms, through the whole application and over HTTP."""

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from adapters.models import RunbookKey
from adapters.results import Baseline
from bot.storage.effects import Effect
from bot.surfaces.console.surface import person, room
from commands.dispatch import Route
from commands.model.intents import DecideOutcome, Start
from commands.model.messages import Message, Via
from commands.model.tracked_run import ReservedStart
from tests.adapters.cutover.conversation import Conversation, converse
from tests.adapters.cutover.fake import CutoverFake
from tests.adapters.cutover.helpers import MARKER, start
from tests.adapters.cutover.test_start import NO_PHONE, UNASSIGNED
from tests.adapters.cutover.test_writes import OTHER
from tests.adapters.cutover.world import BOT

LATE = ("runbooks.start.late_tasks", "2 tasks have a start time in the past", False)


@pytest.fixture
async def chat(fake: CutoverFake, tmp_path: Path) -> AsyncIterator[Conversation]:
    async with converse(fake, tmp_path) as chat:
        yield chat


async def test_failed_checks_are_listed_once_and_can_be_overridden(fake: CutoverFake, chat: Conversation) -> None:
    fake.template.checks = [UNASSIGNED, NO_PHONE]
    answer = await chat.say("start Database failover --name Primary down")
    assert answer.count(UNASSIGNED[1]) == answer.count(NO_PHONE[1]) == 1
    assert "The copy “R1 Primary down” was created and is still in Cutover, in planning." in answer
    assert "R1 Primary down: started." in await chat.press("Do it anyway")
    assert [what for what, _, _ in fake.effects] == ["copy", "change", "start"]


async def test_a_copy_that_did_not_start_can_be_started_from_its_card(
    fake: CutoverFake, chat: Conversation
) -> None:
    fake.template.checks = [UNASSIGNED]
    await chat.say("start Database failover --name Primary down")
    assert "planned, not started" in chat.card
    assert "[Start]" in chat.card
    answer = await chat.say("finish T1")
    assert "R1 Primary down hasn't started yet, so its tasks can't begin." in answer
    next(item for item in fake.runbooks.values() if not item.is_template).checks = []
    assert "Start R1 Primary down on Cutover?" in await chat.press("Start")
    assert "started. Receipt" in await chat.press("Start live")
    assert [what for what, _, _ in fake.effects] == ["copy", "start"]


async def test_late_tasks_can_be_replanned_from_now(fake: CutoverFake, chat: Conversation) -> None:
    planned = fake.world.planned("Quarterly restore test")
    planned.checks = [LATE]
    await chat.say("start Quarterly restore test")
    answer = await chat.press("Start live")
    assert LATE[1] in answer
    assert "[Replan from now and start]" in answer
    assert "[Start anyway]" in answer
    planned.checks = []
    await chat.press("Replan from now and start")
    metas = [seen.json["meta"] for seen in fake.calls("PATCH", "/start$")]
    assert [(meta["rebaseline"], meta["validation_level"]) for meta in metas] == [
        (False, "warning"),
        (True, "warning"),
    ]
    assert planned.stage == "active"


async def test_a_recorded_part_is_not_shown_as_done(fake: CutoverFake, chat: Conversation) -> None:
    await chat.say("start Database failover --name Primary down")
    run = next(item for item in fake.runbooks.values() if not item.is_template)
    first, second, *_ = run.tasks.values()
    first.start_requirements, second.end_requirements = "all_must_start", "all_must_end"
    first.people = second.people = [BOT, OTHER]
    answer = await chat.say("begin T1")
    assert "T1 Confirm the primary is down: your part is recorded." in answer
    assert "running" not in answer
    assert "[Finish T1]" not in answer
    answer = await chat.say("finish T1 all fine")
    assert "The task wasn't finished: the other people on it have to start it first." in answer
    answer = await chat.say("finish T2")
    assert "T2 Page the DBA: your part is recorded." in answer
    assert "done" not in answer
    answer = await chat.say("finish T2")
    assert "Your finish was already recorded. The other people on the task still have to finish it." in answer
    assert "done" not in answer


async def test_a_planned_runbook_has_four_start_options(fake: CutoverFake, chat: Conversation) -> None:
    for number, (label, expected) in enumerate(
        {
            "Start live": ("live", "off"),
            "Rehearsal": ("rehearsal", "off"),
            "Live, send messages": ("live", "on"),
            "Live, test messages": ("live", "test"),
        }.items()
    ):
        planned = fake.world.planned(f"Restore test {number}")
        answer = await chat.say(f"start {planned.name}")
        assert answer.count("[") == 5, "four start options, and cancel"
        assert planned.stage == "planning"
        assert "started. Receipt" in await chat.press(label)
        assert (planned.run_type, planned.run_comms) == expected


async def test_the_start_option_is_kept_when_checks_are_overridden(fake: CutoverFake, chat: Conversation) -> None:
    planned = fake.world.planned("Restore test")
    planned.checks = [NO_PHONE]
    await chat.say("start Restore test")
    assert NO_PHONE[1] in await chat.press("Live, send messages")
    await chat.press("Do it anyway")
    assert (planned.stage, planned.run_type, planned.run_comms) == ("active", "live", "on")


async def test_options_in_the_command_are_not_asked_again(fake: CutoverFake, chat: Conversation) -> None:
    planned = fake.world.planned("Restore test")
    answer = await chat.say("start Restore test --set comms=test")
    assert answer.splitlines()[-2:] == ["[Start]", "[Cancel]"]
    await chat.press("Start")
    assert planned.run_comms == "test"


async def test_showing_a_runbook_offers_a_rehearsal(fake: CutoverFake, chat: Conversation) -> None:
    answer = await chat.say("show Database failover")
    assert answer.splitlines()[-4:] == ["[Start]", "[Rehearsal]", "[Live, send messages]", "[Start with options…]"]
    assert "Nothing was started yet." in await chat.press("Live, send messages"), (
        "it asks before anybody is alerted"
    )
    assert fake.effects == []
    await chat.press("Rehearsal")
    assert [item.run_type for item in fake.runbooks.values() if item.stage == "active"] == ["rehearsal"]


async def test_the_card_shows_forecast_streams_and_messaging(fake: CutoverFake, chat: Conversation) -> None:
    await chat.say("start Database failover --set comms=test")
    run = next(item for item in fake.runbooks.values() if not item.is_template)
    run.end_planned, run.end_forecast = "2030-01-01T10:00:00Z", "2030-01-01T11:05:30.000Z"
    (first, _), (second, _) = run.streams
    run.stream_status = {first: ("amber", "two people on call"), second: ("red", "")}
    await chat.say("show")
    card = chat.card
    assert "Forecast end: 1 Jan 11:05 UTC, 1 h 05 min later than planned (1 Jan 10:00 UTC)." in card
    assert "Streams: Fail over RED, Triage AMBER (two people on call)." in card
    assert "Cutover only sends test messages about this run." in card
    run.end_scheduled, run.stream_status = "2030-01-01T11:30:00Z", {}
    await chat.say("show")
    assert "Forecast end: 1 Jan 11:05 UTC, 24 min earlier than planned (1 Jan 11:30 UTC)." in chat.card
    assert "Streams" not in chat.card


async def test_an_override_needs_permission_and_leaves_a_note(fake: CutoverFake, tmp_path: Path) -> None:
    async with converse(fake, tmp_path, '[access]\noverride = ["ben"]\n') as chat:
        await chat.say("start Database failover")
        run = next(item for item in fake.runbooks.values() if not item.is_template)
        first, second, *_ = run.tasks.values()
        first.people = second.people = [OTHER]
        answer = await chat.say("finish T1 seen from two zones")
        assert "Liaison's Cutover account isn't assigned to this task. Nothing changed" in answer
        assert "Only ben can override a platform's rules. Nothing changed." in await chat.press("Do it anyway")
        assert first.stage == "startable"
        assert "T1 Confirm the primary is down: done." in await chat.press("Do it anyway", by="ben")
        (note,) = run.comments
        assert "seen from two zones" in note.content
        assert "override. — Ben via Console (" in note.content
        await chat.say("begin T2", by="ben")
        await chat.press("Do it anyway", by="ben")
        assert (second.stage, run.comments[-1].task) == ("in_progress", second.id)


async def test_a_missing_run_is_not_reported_as_unreachable(fake: CutoverFake, chat: Conversation) -> None:
    await chat.say("start Database failover")
    fake.fault("answer", path="/core/runbooks/", status=404, body='{"errors": []}', times=50)
    answer = await chat.say("show T1")
    assert "Cutover can't find this: it doesn't exist, it's archived, or Liaison's account can't see it." in answer
    assert "Showing the run as of" in answer
    assert "does not answer" not in answer


async def test_a_start_continues_once_a_person_confirms_the_lost_copy(
    fake: CutoverFake, chat: Conversation
) -> None:
    """The last lookup was half an hour ago, and Liaison has asked whether the copy was made."""
    at = datetime.now(UTC) - timedelta(minutes=30)
    runbook = RunbookKey(platform="cutover", id=fake.template.id)
    reserved = ReservedStart("lost", runbook, "Database failover", "Primary down")
    handle = await chat.app.runs.reserve_handle(reserved)
    intent = Start(runbook="Database failover", name="Primary down", run=handle).model_dump(mode="json")
    typed = Message(key="lost", actor=person("ana"), place=room(), via=Via.SAY, at=at, text="start")
    await chat.app.inbox.record(typed, b"")
    await chat.app.inbox.save_route(
        "lost", json.dumps(intent), Route(intent=intent, queue=handle, starting=True), 1
    )
    await chat.app.inbox.mark_done("lost", "question")
    copy = start(fake.template.id, title="R1 Primary down").model_copy(update={"part": "copy", "handle": handle})
    effect = Effect("lost", copy, handle, "cutover", MARKER, Baseline(sent_at=at), "unknown", 1)
    await chat.app.effect_log.record_sent(effect)
    await chat.app.effect_log.record_state(effect, "unknown")
    decision = DecideOutcome(run=handle, key="lost", step=copy.step_key, applied=True)
    assert "I can't find “R1 Primary down” in Cutover" in await chat.execute(decision)
    assert fake.effects == []
    copied = fake.world.planned("R1 Primary down")
    assert "starting R1 continues from there" in await chat.execute(decision)
    await chat.wait_until(lambda: copied.stage == "active" and "[Begin T1]" in chat.card)
    assert fake.effects == [("start", copied.id, "900")]


async def test_mine_explains_that_assignees_are_unknown(chat: Conversation) -> None:
    await chat.say("start Database failover")
    assert await chat.say("mine") == (
        "No open tasks of yours were found.\n"
        "Cutover can't list tasks by person, so this covers only the runs there that Liaison knows about.\n"
        "Cutover doesn't show who a task is assigned to. Type /run next to see what can begin."
    )
    await chat.say("begin T1")
    answer = await chat.say("mine")
    assert "doesn't show who a task is assigned to" not in answer, "a task that I began is mine"
    assert "[Finish R1.T1]" in answer


@pytest.mark.parametrize(("stage", "expected"), [("complete", "has ended"), ("canceled", "was cancelled")])
async def test_a_run_that_ended_on_cutover_is_reported_in_its_place(
    fake: CutoverFake, chat: Conversation, stage: str, expected: str
) -> None:
    await chat.say("start Database failover --name Primary down")
    run = next(item for item in fake.runbooks.values() if not item.is_template)
    run.stage, run.end_actual = stage, fake.world.now()
    await chat.say("show")
    await chat.wait_until(lambda: f"R1 Primary down {expected} in Cutover." in chat.posts)
    await chat.say("show")
    assert chat.posts.count("in Cutover.") == 1


async def test_a_required_field_of_a_task_is_asked_for_and_filled_in(
    fake: CutoverFake, chat: Conversation
) -> None:
    await chat.say("start Database failover")
    run = next(item for item in fake.runbooks.values() if not item.is_template)
    first = next(iter(run.tasks.values()))
    first.required_fields = ["Change number"]
    await chat.say("begin T1")
    answer = await chat.say("finish T1 seen from two zones")
    assert "Cutover needs a value for: Change number. Nothing changed." in answer
    assert '--set "field:Change number=…"' in answer
    answer = await chat.say('finish T1 seen from two zones --set "field:Change number=CHG-12"')
    assert "T1 Confirm the primary is down: done." in answer
    assert (first.stage, first.fields) == ("complete", {"Change number": "CHG-12"})
    assert [comment.task for comment in run.comments] == [first.id]
