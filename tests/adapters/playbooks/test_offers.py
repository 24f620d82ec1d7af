"""A task's slash command, and asking for an update: each sent once, and never sent again unasked. And what sets
a state: taking a run over, putting its update off, opening it again."""

import pytest

from adapters.errors import Conflict, NotFound, OutcomeUnknown, Rejected, Unsupported
from adapters.models import Person, PlatformAction, Run
from adapters.writes import (
    Applied,
    BeginTask,
    EndRun,
    Indeterminate,
    NotApplied,
    PerformAction,
    Recovery,
    SetStatus,
)
from tests.adapters.playbooks.doing import ANA, BEN, STRANGER, a_mark, do, known_now
from tests.adapters.playbooks.subject import PAGE, PlaybooksSubject


def step(run: Run, offer: PlatformAction, by: Person = ANA) -> PerformAction:
    return PerformAction(run=run.key, by=by, action=offer.id, label="As offered", task=offer.task)


async def the_offer(subject: PlaybooksSubject, run: Run, id: str) -> PlatformAction:
    return next(one for one in await subject.adapter.actions(run) if one.id == id)


async def the_command(subject: PlaybooksSubject, run: Run) -> PlatformAction:
    return next(one for one in await subject.adapter.actions(run) if one.task)


async def test_a_tasks_command_is_offered_and_run_where_the_task_stands_now(either: PlaybooksSubject) -> None:
    run = await either.a_run()
    offer = await the_command(either, run)
    assert (offer.task, offer.label, offer.facts) == (
        run.tasks[1].id,
        "playbooks.offer_command",
        {"command": PAGE, "whole": PAGE},
    )
    either.fake.world.move(run.key.id, 0, 0, 1)
    await do(either, step(run, offer))
    (seen,) = either.fake.calls("POST", "/run$")
    assert seen.path.endswith("/checklists/0/item/0/run")
    assert seen.body == b""
    assert either.fake.effects["do"] == 1


async def test_another_command_than_was_confirmed_is_not_run(either: PlaybooksSubject) -> None:
    run = await either.a_run()
    offer = await the_command(either, run)
    either.fake.run(run.key.id)["checklists"][0]["items"][1]["command"] = "/drop database"
    with pytest.raises(Conflict) as changed:
        await do(either, step(run, offer))
    assert changed.value.key == "playbooks.command_changed"
    assert either.fake.effects["do"] == 0
    gone = step(run, offer).model_copy(update={"task": "x" * 26})
    with pytest.raises(NotFound):
        await do(either, gone)


async def test_a_lost_answer_is_for_a_person_to_decide(either: PlaybooksSubject) -> None:
    run = await either.a_run()
    wanted = step(run, await the_command(either, run))
    either.fake.fault("cut_after", method="POST", path="/item/1/run$")
    with pytest.raises(OutcomeUnknown):
        await do(either, wanted)
    assert either.adapter.recovery(wanted) is Recovery.MANUAL
    assert await either.adapter.reconcile(wanted, a_mark(), known_now(run)) == Indeterminate()


async def test_a_long_command_has_a_short_name(either: PlaybooksSubject) -> None:
    run = await either.a_run()
    long = run.model_copy(
        update={"tasks": (run.tasks[0].model_copy(update={"command": "/page\n" + "dba " * 40}),)}
    )
    offer = await the_command(either, long)
    assert len(offer.facts["command"]) <= 60
    assert "\n" not in offer.facts["command"]
    assert offer.facts["whole"].endswith("dba dba"), "nobody is asked about a command whose end is not shown"


async def test_a_run_that_is_over_offers_its_retrospective(either: PlaybooksSubject) -> None:
    run = await either.a_run()
    await do(either, EndRun(run=run.key, by=ANA), run)
    offers = await either.adapter.actions(await either.adapter.read(run.key.id))
    newer = either.fake.routes.generation == "2.x"
    assert [one.id for one in offers] == (["restore"] if newer else []) + ["retrospective"]
    assert offers[-1].link == f"{either.fake.site}/playbooks/runs/{run.key.id}/retrospective"


async def test_opening_a_run_again(current: PlaybooksSubject) -> None:
    run = await current.a_run()
    await do(current, EndRun(run=run.key, by=ANA), run)
    over = await current.adapter.read(run.key.id)
    wanted = step(over, await the_offer(current, over, "restore"))
    assert current.adapter.recovery(wanted) is Recovery.IDEMPOTENT
    assert isinstance(await current.adapter.reconcile(wanted, a_mark(), known_now(over)), NotApplied)
    current.fake.fault("cut_after", method="PUT", path="/restore$")
    with pytest.raises(OutcomeUnknown):
        await do(current, wanted)
    settled = await current.adapter.reconcile(wanted, a_mark(), known_now(over))
    assert isinstance(settled, Applied)
    assert settled.result.snapshot is not None
    assert not settled.result.snapshot.state.is_over
    assert current.fake.effects["restore"] == 1


async def test_taking_a_run_over(either: PlaybooksSubject) -> None:
    run = await either.a_run()
    wanted = step(run, await the_offer(either, run, "own"), BEN)
    assert isinstance(await either.adapter.reconcile(wanted, a_mark(), known_now(run)), NotApplied)
    if either.fake.routes.generation == "1.20":
        with pytest.raises(Rejected) as refused:  # not in the run's channel yet
            await do(either, wanted)
        assert refused.value.key == "playbooks.owner"
        either.fake.core.channels[either.fake.run(run.key.id)["channel_id"]].members.add(either.fake.ben)
    [told] = await do(either, wanted)
    assert either.fake.calls("POST", "/owner$")[-1].json == {"owner_id": either.fake.ben}
    assert told.snapshot is not None
    assert told.snapshot.owner is not None
    assert told.snapshot.owner.name == "Ben Cole"
    [again] = await do(either, wanted)
    assert again.already
    assert either.fake.effects["own"] == 1
    assert isinstance(await either.adapter.reconcile(wanted, a_mark(), known_now(run)), Applied)
    with pytest.raises(Rejected) as stranger:
        await do(either, step(run, await the_offer(either, run, "own"), STRANGER))
    assert stranger.value.key == "playbooks.unknown_person"


async def test_putting_the_next_update_off(current: PlaybooksSubject) -> None:
    run = await current.a_run()
    assert not [one for one in await current.adapter.actions(run) if one.id.startswith("snooze")]
    [status] = await do(current, SetStatus(run=run.key, by=ANA, text="all quiet"), run)
    assert status.snapshot is not None
    wanted = step(run, await the_offer(current, status.snapshot, "snooze15"))
    known = known_now(run)
    assert isinstance(await current.adapter.reconcile(wanted, a_mark(), known), NotApplied)
    [told] = await do(current, wanted)
    assert current.fake.calls("POST", "/reminder$")[-1].json == {"new_reminder_seconds": 900}
    assert told.snapshot is not None
    assert told.snapshot.update_due is not None
    assert 800 < (told.snapshot.update_due - known.sent_at).total_seconds() < 1100
    assert told.snapshot.health_at == status.snapshot.health_at, "putting it off is no status"
    assert isinstance(await current.adapter.reconcile(wanted, a_mark(), known), Applied)


async def test_a_running_task_gets_a_time(current: PlaybooksSubject) -> None:
    run = await current.a_run()
    begun = (await do(current, BeginTask(run=run.key, by=ANA, task=run.tasks[2].id), run))[-1].snapshot
    assert begun is not None
    [offer] = [one for one in await current.adapter.actions(begun) if one.id.startswith("due")]
    assert offer.task == run.tasks[2].id
    wanted, known = step(begun, offer), known_now(begun)
    assert current.adapter.recovery(wanted) is Recovery.IDEMPOTENT
    assert isinstance(await current.adapter.reconcile(wanted, a_mark(), known), NotApplied)
    current.fake.fault("cut_after", method="PUT", path="/checklists/1/item/0/duedate$")
    with pytest.raises(OutcomeUnknown):
        await do(current, wanted)
    assert isinstance(await current.adapter.reconcile(wanted, a_mark(), known), Applied)
    [told] = await do(current, wanted)
    assert told.snapshot is not None
    due = told.snapshot.tasks[2].due_at
    assert due is not None
    assert 3500 < (due - known.sent_at).total_seconds() < 3800
    assert not [one for one in await current.adapter.actions(told.snapshot) if one.id.startswith("due")]
    body = '{"error":"checklist item due date feature is not covered by current server license"}'
    current.fake.fault("answer", method="PUT", path="/duedate$", status=403, body=body)
    with pytest.raises(Rejected) as refused:
        await do(current, wanted)
    assert refused.value.key == "playbooks.licence"


async def test_what_is_not_offered_any_more_is_not_sent(either: PlaybooksSubject) -> None:
    run = await either.a_run()
    with pytest.raises(Conflict) as gone:
        await do(either, step(run, PlatformAction(id="something-else", label="x")))
    assert gone.value.key == "playbooks.offer_gone"


async def test_an_update_is_asked_for_where_the_server_can(current: PlaybooksSubject) -> None:
    run = await current.a_run()
    offer = await the_offer(current, run, "update")
    await do(current, step(run, offer))
    assert current.fake.effects["request-update"] == 1
    (seen,) = current.fake.calls("POST", "/request-update$")
    assert seen.body == b""


async def test_a_server_that_cannot_ask_is_remembered(current: PlaybooksSubject) -> None:
    run = await current.a_run()
    offer = await the_offer(current, run, "update")
    text = {"content-type": "text/plain; charset=utf-8"}
    current.fake.fault(
        "answer", method="POST", path="/request-update$", status=404, body="404 page not found\n", headers=text
    )
    with pytest.raises(Unsupported):
        await do(current, step(run, offer))
    assert [one.id for one in await current.adapter.actions(run) if one.task is None] == ["own"]


async def test_the_recorded_generation_does_not_offer_it(recorded_one: PlaybooksSubject) -> None:
    run = await recorded_one.a_run()
    assert [one.task or one.id for one in await recorded_one.adapter.actions(run)] == [run.tasks[1].id, "own"]


async def test_one_command_on_two_tasks_is_two_offers(either: PlaybooksSubject) -> None:
    run = await either.a_run()
    twice = run.model_copy(
        update={"tasks": tuple(task.model_copy(update={"command": PAGE}) for task in run.tasks[:2])}
    )
    ids = [one.id for one in await either.adapter.actions(twice) if one.task]
    assert len(set(ids)) == 2
    assert all(len(id) < 40 for id in ids)
