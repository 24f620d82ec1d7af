"""Changes of tasks on the new API: exactly what is sent, what is refused before it, and how it is found again."""

import pytest

from adapters.errors import Conflict, Rejected, Unsupported
from adapters.models import Health, TaskState
from adapters.writes import (
    AddComment,
    AddTask,
    AssignTask,
    BeginTask,
    EndRun,
    HoldTask,
    ReopenTask,
    SetStatus,
    SkipTask,
    TaskWrite,
)
from adapters.xurrent import text as words
from adapters.xurrent.adapter import Xurrent
from tests.adapters.xurrent.acting import ANA, AT, BEN, MARK, NOBODY, a_run, an_approval, execute, finish, key
from tests.adapters.xurrent.fake import XurrentFake
from tests.contract.subjects import is_told


def only_patch(fake: XurrentFake) -> object:
    (sent,) = fake.calls("PATCH", "/v1/tasks/")
    return sent.json


async def test_finish_sends_its_status_and_note_in_one(xurrent: Xurrent, fake: XurrentFake) -> None:
    run = a_run(fake)
    task = fake.world.tasks_of(run)[0]
    told = await execute(xurrent, finish(run, task, "promoted by hand"))
    assert only_patch(fake) == {"status": "completed", "note": "promoted by hand\n\nAna via Slack (7K2F)"}
    assert told.tasks[0].state is TaskState.DONE
    assert task.status == "completed"


async def test_finish_without_a_note_sends_none(xurrent: Xurrent, fake: XurrentFake) -> None:
    run = a_run(fake)
    await execute(xurrent, finish(run, fake.world.tasks_of(run)[0]))
    assert only_patch(fake) == {"status": "completed"}


async def test_a_note_that_is_wanted_is_asked_for(xurrent: Xurrent, fake: XurrentFake) -> None:
    run = a_run(fake)
    task = fake.world.tasks_of(run)[0]
    task.needs_note = True
    with pytest.raises(Rejected) as refused:
        await execute(xurrent, finish(run, task))
    assert refused.value.key == "xurrent.note_needed"
    assert refused.value.said == "note: Note can't be blank"
    assert "Nothing changed" in is_told("xurrent", refused.value)


@pytest.mark.parametrize("people", [(58,), (58, 61)])
@pytest.mark.parametrize("kind", ["finish", "begin", "skip"])
async def test_an_approval_is_never_given(
    xurrent: Xurrent, fake: XurrentFake, people: tuple[int, ...], kind: str
) -> None:
    """Refused by the snapshot before any call, and refused by what is read when there is no snapshot."""
    run = a_run(fake)
    task = an_approval(fake, run, *people)
    writes: dict[str, TaskWrite] = {
        "finish": finish(run, task),
        "begin": BeginTask(run=key(run), by=ANA, task=str(task.id)),
        "skip": SkipTask(run=key(run), by=ANA, task=str(task.id), reason="no time"),
    }
    shown = await xurrent.read(str(run.id))
    calls = len(fake.seen)
    with pytest.raises(Rejected) as refused:
        xurrent.steps(writes[kind], shown)
    assert len(fake.seen) == calls
    assert "is an approval by Ana Reis" in is_told("xurrent", refused.value)
    assert "theirs to give" in is_told("xurrent", refused.value)
    with pytest.raises(Rejected) as again:
        await execute(xurrent, writes[kind])
    assert again.value.facts["people"] == refused.value.facts["people"]
    assert fake.calls("PATCH", "") == []
    assert task.status == "assigned"


async def test_what_the_system_does_itself_is_left_to_it(xurrent: Xurrent, fake: XurrentFake) -> None:
    run = a_run(fake)
    task = fake.world.tasks_of(run)[0]
    task.category = "automation"
    shown = await xurrent.read(str(run.id))
    for snapshot in (shown, None):
        with pytest.raises(Rejected) as refused:
            await execute(xurrent, finish(run, task), snapshot)
        assert refused.value.key == "xurrent.automatic"
    assert fake.calls("PATCH", "") == []


async def test_what_waits_is_not_pushed(xurrent: Xurrent, fake: XurrentFake) -> None:
    run = a_run(fake)
    last = fake.world.tasks_of(run)[-1]
    with pytest.raises(Conflict) as refused:
        await execute(xurrent, finish(run, last))
    assert refused.value.key == "xurrent.waits"
    assert fake.calls("PATCH", "") == []


async def test_what_is_done_is_told_as_done_before(xurrent: Xurrent, fake: XurrentFake) -> None:
    run = a_run(fake)
    task = fake.world.tasks_of(run)[0]
    fake.world.move(task, "completed", None)
    told = await execute(xurrent, finish(run, task, "late"))
    assert told.already
    assert fake.calls("PATCH", "") == []
    with pytest.raises(Conflict) as refused:
        await execute(xurrent, SkipTask(run=key(run), by=ANA, task=str(task.id)))
    assert "already over" in is_told("xurrent", refused.value)


async def test_begin_takes_what_nobody_has(xurrent: Xurrent, fake: XurrentFake) -> None:
    run = a_run(fake)
    task = fake.world.tasks_of(run)[0]
    told = await execute(xurrent, BeginTask(run=key(run), by=ANA, task=str(task.id)))
    assert only_patch(fake) == {"status": "in_progress", "member_id": 58}
    assert [person.name for person in told.tasks[0].assignees] == ["Ana Reis"]


async def test_begin_leaves_it_to_whom_it_is(xurrent: Xurrent, fake: XurrentFake) -> None:
    run = a_run(fake)
    task = fake.world.tasks_of(run)[0]
    task.member = 60
    await execute(xurrent, BeginTask(run=key(run), by=ANA, task=str(task.id)))
    assert only_patch(fake) == {"status": "in_progress"}
    assert fake.calls("GET", "/people") == []


async def test_begin_by_somebody_unknown_says_so(xurrent: Xurrent, fake: XurrentFake) -> None:
    run = a_run(fake)
    task = fake.world.tasks_of(run)[0]
    told = await execute(xurrent, BeginTask(run=key(run), by=NOBODY, task=str(task.id)))
    assert only_patch(fake) == {"status": "in_progress"}
    assert told.message == "xurrent.not_taken"


async def test_begin_does_not_fail_of_people_that_are_not_shown(xurrent: Xurrent, fake: XurrentFake) -> None:
    run = a_run(fake)
    task = fake.world.tasks_of(run)[0]
    fake.unseen = "/people"
    told = await execute(xurrent, BeginTask(run=key(run), by=ANA, task=str(task.id)))
    assert (told.message, task.status) == ("xurrent.not_taken", "in_progress")


async def test_begin_out_of_the_team_is_refused_whole(xurrent: Xurrent, fake: XurrentFake) -> None:
    run = a_run(fake)
    task = fake.world.tasks_of(run)[0]
    fake.world.team.discard(58)
    with pytest.raises(Rejected) as refused:
        await execute(xurrent, BeginTask(run=key(run), by=ANA, task=str(task.id)))
    assert refused.value.key == "xurrent.member"
    assert task.status == "assigned"


async def test_hold_and_skip_say_why(xurrent: Xurrent, fake: XurrentFake) -> None:
    run = a_run(fake)
    first, second, *_ = fake.world.tasks_of(run)
    held = await execute(xurrent, HoldTask(run=key(run), by=ANA, task=str(first.id), reason="vendor"))
    skipped = await execute(xurrent, SkipTask(run=key(run), by=ANA, task=str(second.id), reason="not needed"))
    assert [seen.json["status"] for seen in fake.calls("PATCH", "")] == ["waiting_for", "canceled"]
    assert [note.text.splitlines()[0] for note in run.notes] == ["vendor", "not needed"]
    assert (held.tasks[0].state, skipped.tasks[0].state) == (TaskState.HELD, TaskState.SKIPPED)


async def test_what_waits_can_be_skipped(xurrent: Xurrent, fake: XurrentFake) -> None:
    run = a_run(fake)
    last = fake.world.tasks_of(run)[-1]
    told = await execute(xurrent, SkipTask(run=key(run), by=ANA, task=str(last.id), reason="not needed"))
    assert told.tasks[0].state is TaskState.SKIPPED


async def test_assign_by_e_mail_only(xurrent: Xurrent, fake: XurrentFake) -> None:
    run = a_run(fake)
    task = fake.world.tasks_of(run)[0]
    await execute(xurrent, AssignTask(run=key(run), by=ANA, task=str(task.id), person=BEN))
    assert only_patch(fake) == {"member_id": 60}
    with pytest.raises(Rejected) as refused:
        await execute(xurrent, AssignTask(run=key(run), by=ANA, task=str(task.id), person=NOBODY))
    assert refused.value.key == "xurrent.unknown_person"


async def test_every_reason_of_a_refusal_is_shown(xurrent: Xurrent, fake: XurrentFake) -> None:
    run = a_run(fake)
    body = '{"message":"Validation Failed","errors":[["subject","is too long"],["phase","is closed"]]}'
    fake.fault("answer", method="POST", path="/tasks$", status=422, body=body)
    with pytest.raises(Rejected) as refused:
        await execute(xurrent, AddTask(run=key(run), by=ANA, title="Tell support"))
    assert refused.value.said == "subject: is too long; phase: is closed"


async def test_a_status_that_is_not_let_is_a_conflict(xurrent: Xurrent, fake: XurrentFake) -> None:
    run = a_run(fake)
    body = '{"message":"Validation Failed","errors":[["status","Status kann nicht so geändert werden"]]}'
    fake.fault("answer", method="PATCH", status=422, body=body)
    with pytest.raises(Conflict) as refused:
        await execute(xurrent, finish(run, fake.world.tasks_of(run)[0]))
    assert "kann nicht" in refused.value.said


async def test_an_added_task_goes_to_the_team_of_its_stage(xurrent: Xurrent, fake: XurrentFake) -> None:
    run = a_run(fake)
    tasks = fake.world.tasks_of(run)
    tasks[1].team = 77
    stage = str(tasks[1].phase)
    added = AddTask(run=key(run), by=ANA, title="Tell support", stage=stage, assignee=BEN)
    told = await execute(xurrent, added.model_copy(update={"after": (str(tasks[0].id),)}))
    (sent,) = fake.calls("POST", "/v1/workflows/[0-9]+/tasks$")
    assert sent.json == {
        "subject": "Tell support",
        "category": "implementation",
        "planned_duration": 60,
        "team_id": 77,
        "impact": "none",
        "source": "liaison",
        "sourceID": words.key(MARK),
        "phase_id": tasks[1].phase,
        "member_id": 60,
        "predecessor_ids": [tasks[0].id],
    }
    assert told.tasks[0].id == told.id


async def test_an_added_task_needs_some_team(xurrent: Xurrent, fake: XurrentFake) -> None:
    run = a_run(fake)
    for task in fake.world.tasks_of(run):
        task.team = None
    with pytest.raises(Rejected) as refused:
        await execute(xurrent, AddTask(run=key(run), by=ANA, title="Tell support"))
    assert refused.value.key == "xurrent.no_team"
    assert fake.calls("POST", "") == []


async def test_a_status_is_a_note_with_its_colour_in_front(xurrent: Xurrent, fake: XurrentFake) -> None:
    run = a_run(fake)
    said = SetStatus(run=key(run), by=ANA, health=Health.AMBER, text="replica lagging", next_at=AT)
    told = await execute(xurrent, said)
    (note,) = run.notes
    assert note.text == ("[amber] replica lagging\nNext update: 2026-07-18 14:03 UTC\n\nAna via Slack (7K2F)")
    assert told.health is not None
    assert (told.health.health, told.health.text) == (Health.AMBER, "replica lagging")


async def test_what_is_typed_mentions_nobody(xurrent: Xurrent, fake: XurrentFake) -> None:
    run = a_run(fake)
    typed = "<@58|Ana> please look"
    await execute(xurrent, AddComment(run=key(run), by=ANA, text=typed))
    assert "<@" not in run.notes[0].text
    (shown,) = await xurrent.comments(str(run.id), None)
    assert shown.text == typed


async def test_a_comment_goes_where_it_belongs(xurrent: Xurrent, fake: XurrentFake) -> None:
    run = a_run(fake)
    task = fake.world.tasks_of(run)[0]
    await execute(xurrent, AddComment(run=key(run), by=ANA, text="here", task=str(task.id)))
    (sent,) = fake.calls("POST", "")
    assert sent.path == f"/v1/tasks/{task.id}/notes"
    assert sent.json == {"text": "here\n\nAna via Slack (7K2F)"}


async def test_a_text_that_is_too_long_is_not_sent(xurrent: Xurrent, fake: XurrentFake) -> None:
    run = a_run(fake)
    with pytest.raises(Rejected):
        await execute(xurrent, AddComment(run=key(run), by=ANA, text="ü" * 40_000))
    with pytest.raises(Rejected):
        await execute(xurrent, AddTask(run=key(run), by=ANA, title="x" * 256))
    assert fake.calls("POST", "") == []


async def test_reopening_and_ending_are_refused_with_words(xurrent: Xurrent, fake: XurrentFake) -> None:
    run = a_run(fake)
    task = fake.world.tasks_of(run)[0]
    for write in (ReopenTask(run=key(run), task=str(task.id)), EndRun(run=key(run))):
        with pytest.raises(Unsupported) as refused:
            xurrent.steps(write, None)
        assert "Nothing changed" in is_told("xurrent", refused.value)
    assert fake.seen == []
