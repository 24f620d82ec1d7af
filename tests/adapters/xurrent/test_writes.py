"""Writes on the new API: what is sent, and what is refused before a request."""

import pytest

from adapters.errors import Conflict, Rejected, Unsupported
from adapters.http.client import HttpClients
from adapters.models import Health, TaskState
from adapters.results import Applied, NotApplied
from adapters.toolkit.messages import load_messages
from adapters.writes import (
    AddComment,
    AddTask,
    AssignTask,
    BeginTask,
    HoldTask,
    ReopenTask,
    SetStatus,
    SkipTask,
    TaskWrite,
)
from adapters.xurrent import PLATFORM
from adapters.xurrent.adapter import XurrentAdapter
from adapters.xurrent.text import source_id
from tests.adapters.error_text import error_text
from tests.adapters.xurrent.fake import XurrentFake
from tests.adapters.xurrent.harness import connect_adapter
from tests.adapters.xurrent.helpers import (
    ANA,
    AT,
    BASELINE,
    BEN,
    MARKER,
    UNKNOWN_PERSON,
    add_approval,
    create_run,
    execute,
    finish_write,
    run_key,
)


def patch_body(fake: XurrentFake) -> object:
    """The body of the only PATCH."""
    (sent,) = fake.calls("PATCH", "/v1/tasks/")
    return sent.json


async def test_finish_sends_the_note_after_the_status(xurrent: XurrentAdapter, fake: XurrentFake) -> None:
    run = create_run(fake)
    task = fake.account.tasks_of(run)[0]
    result = await execute(xurrent, finish_write(run, task, "promoted by hand"))
    assert patch_body(fake) == {"status": "completed"}
    (note,) = fake.calls("POST", "")
    assert (note.path, note.json) == (
        f"/v1/tasks/{task.id}/notes",
        {"text": "promoted by hand\n\nAna via Slack (7K2F)"},
    )
    assert result.tasks[0].state is TaskState.DONE
    assert task.status == "completed"


async def test_finish_without_a_note_sends_none(xurrent: XurrentAdapter, fake: XurrentFake) -> None:
    run = create_run(fake)
    await execute(xurrent, finish_write(run, fake.account.tasks_of(run)[0]))
    assert patch_body(fake) == {"status": "completed"}


async def test_a_required_note_is_asked_for(xurrent: XurrentAdapter, fake: XurrentFake) -> None:
    run = create_run(fake)
    task = fake.account.tasks_of(run)[0]
    task.needs_note = True
    with pytest.raises(Rejected) as refused:
        await execute(xurrent, finish_write(run, task))
    assert refused.value.key == "xurrent.note_needed"
    assert refused.value.said == "note: Note can't be blank"
    assert "Nothing changed" in error_text(PLATFORM, refused.value)


async def test_a_required_note_goes_with_the_status_and_is_written_once(
    xurrent: XurrentAdapter, fake: XurrentFake
) -> None:
    run = create_run(fake)
    task = fake.account.tasks_of(run)[0]
    task.needs_note = True
    result = await execute(xurrent, finish_write(run, task, "by hand"))
    assert [seen.json for seen in fake.calls("PATCH", "")] == [
        {"status": "completed"},
        {"status": "completed", "note": "by hand\n\nAna via Slack (7K2F)"},
    ]
    assert result.tasks[0].state is TaskState.DONE
    assert len(run.notes) == 1


async def test_a_required_note_is_written_once_after_a_restart(
    xurrent: XurrentAdapter, fake: XurrentFake, http: HttpClients
) -> None:
    """The process that makes the second step does not remember the first one."""
    run = create_run(fake)
    task = fake.account.tasks_of(run)[0]
    task.needs_note = True
    change, words = xurrent.steps(finish_write(run, task, "by hand"), await xurrent.read(str(run.id)))
    await xurrent.execute(change, MARKER)
    await connect_adapter(fake, http).execute(words, MARKER)
    assert [note.text for note in run.notes] == ["by hand\n\nAna via Slack (7K2F)"]


@pytest.mark.parametrize("people", [(58,), (58, 61)])
@pytest.mark.parametrize("kind", ["finish", "begin", "skip"])
async def test_an_approval_is_never_given(
    xurrent: XurrentAdapter, fake: XurrentFake, people: tuple[int, ...], kind: str
) -> None:
    """Refused before any request with a snapshot, and after reading the task without one."""
    run = create_run(fake)
    task = add_approval(fake, run, *people)
    writes: dict[str, TaskWrite] = {
        "finish": finish_write(run, task),
        "begin": BeginTask(run=run_key(run), by=ANA, task=str(task.id)),
        "skip": SkipTask(run=run_key(run), by=ANA, task=str(task.id), reason="no time"),
    }
    shown = await xurrent.read(str(run.id))
    calls = len(fake.seen)
    with pytest.raises(Rejected) as refused:
        xurrent.steps(writes[kind], shown)
    assert len(fake.seen) == calls
    assert "needs approval from Ana Reis" in error_text(PLATFORM, refused.value)
    assert "Only they can give it" in error_text(PLATFORM, refused.value)
    with pytest.raises(Rejected) as again:
        await execute(xurrent, writes[kind])
    assert again.value.facts["people"] == refused.value.facts["people"]
    assert fake.calls("PATCH", "") == []
    assert task.status == "assigned"


async def test_automatic_tasks_are_refused(xurrent: XurrentAdapter, fake: XurrentFake) -> None:
    run = create_run(fake)
    task = fake.account.tasks_of(run)[0]
    task.category = "automation"
    shown = await xurrent.read(str(run.id))
    for snapshot in (shown, None):
        with pytest.raises(Rejected) as refused:
            await execute(xurrent, finish_write(run, task), snapshot)
        assert refused.value.key == "xurrent.automatic"
    assert fake.calls("PATCH", "") == []


async def test_a_waiting_task_cannot_be_finished(xurrent: XurrentAdapter, fake: XurrentFake) -> None:
    run = create_run(fake)
    last = fake.account.tasks_of(run)[-1]
    with pytest.raises(Conflict) as refused:
        await execute(xurrent, finish_write(run, last))
    assert refused.value.key == "xurrent.waits"
    assert fake.calls("PATCH", "") == []


async def test_a_task_that_is_already_done_is_reported_as_such(xurrent: XurrentAdapter, fake: XurrentFake) -> None:
    run = create_run(fake)
    task = fake.account.tasks_of(run)[0]
    fake.account.set_status(task, "completed", None)
    result = await execute(xurrent, finish_write(run, task, "late"))
    assert result.already
    assert fake.calls("PATCH", "") == []
    with pytest.raises(Conflict) as refused:
        await execute(xurrent, SkipTask(run=run_key(run), by=ANA, task=str(task.id)))
    assert "has been finished" in error_text(PLATFORM, refused.value)


async def test_begin_assigns_an_unassigned_task(xurrent: XurrentAdapter, fake: XurrentFake) -> None:
    run = create_run(fake)
    task = fake.account.tasks_of(run)[0]
    result = await execute(xurrent, BeginTask(run=run_key(run), by=ANA, task=str(task.id)))
    assert patch_body(fake) == {"status": "in_progress", "member_id": 58}
    assert [person.name for person in result.tasks[0].assignees] == ["Ana Reis"]


async def test_begin_keeps_the_assignee(xurrent: XurrentAdapter, fake: XurrentFake) -> None:
    run = create_run(fake)
    task = fake.account.tasks_of(run)[0]
    task.member = 60
    result = await execute(xurrent, BeginTask(run=run_key(run), by=ANA, task=str(task.id)))
    assert patch_body(fake) == {"status": "in_progress"}
    (begun,) = result.tasks
    assert [person.email for person in begun.assignees] == ["ben@example.com"], (
        "so that the answer says whose it is"
    )


async def test_begin_by_an_unknown_person_says_so(xurrent: XurrentAdapter, fake: XurrentFake) -> None:
    run = create_run(fake)
    task = fake.account.tasks_of(run)[0]
    result = await execute(xurrent, BeginTask(run=run_key(run), by=UNKNOWN_PERSON, task=str(task.id)))
    assert patch_body(fake) == {"status": "in_progress"}
    assert result.message == "xurrent.not_taken"


async def test_begin_works_without_access_to_people(xurrent: XurrentAdapter, fake: XurrentFake) -> None:
    run = create_run(fake)
    task = fake.account.tasks_of(run)[0]
    fake.forbidden_paths = "/people"
    result = await execute(xurrent, BeginTask(run=run_key(run), by=ANA, task=str(task.id)))
    assert (result.message, task.status) == ("xurrent.not_taken", "in_progress")


async def test_hold_and_skip_write_their_reason(xurrent: XurrentAdapter, fake: XurrentFake) -> None:
    run = create_run(fake)
    first, second, *_ = fake.account.tasks_of(run)
    held = await execute(xurrent, HoldTask(run=run_key(run), by=ANA, task=str(first.id), reason="vendor"))
    skipped = await execute(xurrent, SkipTask(run=run_key(run), by=ANA, task=str(second.id), reason="not needed"))
    assert [seen.json["status"] for seen in fake.calls("PATCH", "")] == ["waiting_for", "canceled"]
    assert [note.text.splitlines()[0] for note in run.notes] == ["vendor", "not needed"]
    assert (held.tasks[0].state, skipped.tasks[0].state) == (TaskState.HELD, TaskState.SKIPPED)


async def test_a_task_is_held_until_a_time(xurrent: XurrentAdapter, fake: XurrentFake) -> None:
    run = create_run(fake)
    task = fake.account.tasks_of(run)[0]
    until = {"until": AT.isoformat()}
    hold = HoldTask(run=run_key(run), by=ANA, task=str(task.id), reason="vendor", options=until)
    assert isinstance(await xurrent.reconcile(hold, MARKER, BASELINE), NotApplied)
    held = await execute(xurrent, hold)
    assert patch_body(fake) == {"status": "waiting_for", "waiting_until": "2026-07-18T14:03:00Z"}
    assert held.tasks[0].expected_at == AT
    assert isinstance(await xurrent.reconcile(hold, MARKER, BASELINE), Applied)


async def test_a_waiting_task_can_be_skipped(xurrent: XurrentAdapter, fake: XurrentFake) -> None:
    run = create_run(fake)
    last = fake.account.tasks_of(run)[-1]
    result = await execute(xurrent, SkipTask(run=run_key(run), by=ANA, task=str(last.id), reason="not needed"))
    assert result.tasks[0].state is TaskState.SKIPPED


async def test_assign_finds_people_by_email_only(xurrent: XurrentAdapter, fake: XurrentFake) -> None:
    run = create_run(fake)
    task = fake.account.tasks_of(run)[0]
    await execute(xurrent, AssignTask(run=run_key(run), by=ANA, task=str(task.id), person=BEN))
    assert patch_body(fake) == {"member_id": 60}
    with pytest.raises(Rejected) as refused:
        await execute(xurrent, AssignTask(run=run_key(run), by=ANA, task=str(task.id), person=UNKNOWN_PERSON))
    assert refused.value.key == "xurrent.unknown_person"


async def test_every_validation_error_is_shown(xurrent: XurrentAdapter, fake: XurrentFake) -> None:
    run = create_run(fake)
    body = '{"message":"Validation Failed","errors":[["subject","is too long"],["phase","is closed"]]}'
    fake.fault("answer", method="POST", path="/tasks$", status=422, body=body)
    with pytest.raises(Rejected) as refused:
        await execute(xurrent, AddTask(run=run_key(run), by=ANA, title="Tell support"))
    assert refused.value.said == "subject: is too long; phase: is closed"


async def test_a_refused_status_is_a_conflict(xurrent: XurrentAdapter, fake: XurrentFake) -> None:
    run = create_run(fake)
    body = '{"message":"Validation Failed","errors":[["status","Status kann nicht so geändert werden"]]}'
    fake.fault("answer", method="PATCH", status=422, body=body)
    with pytest.raises(Conflict) as refused:
        await execute(xurrent, finish_write(run, fake.account.tasks_of(run)[0]))
    assert "kann nicht" in refused.value.said


async def test_an_added_task_goes_to_the_team_of_its_stage(xurrent: XurrentAdapter, fake: XurrentFake) -> None:
    run = create_run(fake)
    tasks = fake.account.tasks_of(run)
    tasks[1].team = 77
    stage = str(tasks[1].phase)
    added = AddTask(run=run_key(run), by=ANA, title="Tell support", stage=stage, assignee=BEN)
    result = await execute(xurrent, added.model_copy(update={"after": (str(tasks[0].id),)}))
    (sent,) = fake.calls("POST", "/v1/workflows/[0-9]+/tasks$")
    assert sent.json == {
        "subject": "Tell support",
        "category": "implementation",
        "planned_duration": 60,
        "team_id": 77,
        "impact": "none",
        "source": "liaison",
        "sourceID": source_id(MARKER),
        "phase_id": tasks[1].phase,
        "member_id": 60,
        "predecessor_ids": [tasks[0].id],
    }
    assert result.tasks[0].id == result.id


async def test_an_added_task_needs_a_team(xurrent: XurrentAdapter, fake: XurrentFake) -> None:
    run = create_run(fake)
    for task in fake.account.tasks_of(run):
        task.team = None
    with pytest.raises(Rejected) as refused:
        await execute(xurrent, AddTask(run=run_key(run), by=ANA, title="Tell support"))
    assert refused.value.key == "xurrent.no_team"
    assert fake.calls("POST", "") == []


async def test_a_status_is_a_note_that_starts_with_its_colour(xurrent: XurrentAdapter, fake: XurrentFake) -> None:
    run = create_run(fake)
    status = SetStatus(run=run_key(run), by=ANA, health=Health.AMBER, text="replica lagging", next_at=AT)
    result = await execute(xurrent, status)
    (note,) = run.notes
    assert note.text == ("[amber] replica lagging\nNext update: 2026-07-18 14:03 UTC\n\nAna via Slack (7K2F)")
    assert result.health is not None
    assert (result.health.health, result.health.text) == (Health.UNSET, "replica lagging"), "as it is read"


async def test_typed_mentions_are_escaped(xurrent: XurrentAdapter, fake: XurrentFake) -> None:
    run = create_run(fake)
    typed = "<@58|Ana> please look"
    await execute(xurrent, AddComment(run=run_key(run), by=ANA, text=typed))
    assert run.notes[0].text.startswith("< @58|Ana> please look\n")
    (shown,) = await xurrent.comments(str(run.id), None)
    assert shown.text == typed


async def test_a_comment_goes_to_its_task(xurrent: XurrentAdapter, fake: XurrentFake) -> None:
    run = create_run(fake)
    task = fake.account.tasks_of(run)[0]
    await execute(xurrent, AddComment(run=run_key(run), by=ANA, text="here", task=str(task.id)))
    (sent,) = fake.calls("POST", "")
    assert sent.path == f"/v1/tasks/{task.id}/notes"
    assert sent.json == {"text": "here\n\nAna via Slack (7K2F)"}


async def test_a_text_that_is_too_long_is_not_sent(xurrent: XurrentAdapter, fake: XurrentFake) -> None:
    run = create_run(fake)
    with pytest.raises(Rejected):
        await execute(xurrent, AddComment(run=run_key(run), by=ANA, text="ü" * 40_000))
    with pytest.raises(Rejected):
        await execute(xurrent, AddTask(run=run_key(run), by=ANA, title="x" * 256))
    assert fake.calls("POST", "") == []


async def test_reopen_is_refused_without_a_request(xurrent: XurrentAdapter, fake: XurrentFake) -> None:
    run = create_run(fake)
    task = fake.account.tasks_of(run)[0]
    with pytest.raises(Unsupported) as refused:
        xurrent.steps(ReopenTask(run=run_key(run), task=str(task.id)), None)
    assert "can't" in error_text(PLATFORM, refused.value)
    assert str(refused.value.facts["instead"]) in load_messages(PLATFORM.messages)
    assert fake.seen == []
