"""A run that somebody else started: the bot asks before it joins, and says so where it may not."""

import pytest

from adapters.errors import NotFound, Rejected
from adapters.models import TaskState
from adapters.writes import EndRun, FinishTask, SetStatus
from tests.adapters.playbooks.doing import ANA, do
from tests.adapters.playbooks.subject import PlaybooksSubject


async def test_a_bot_that_may_look_but_not_change(current: PlaybooksSubject) -> None:
    run = await current.a_run()
    there = current.fake.run(run.key.id)
    there.update(participant_ids=[], owner_user_id=current.fake.ana)
    for write in (
        FinishTask(run=run.key, by=ANA, task=run.tasks[0].id),
        SetStatus(run=run.key, by=ANA, text="x"),
        EndRun(run=run.key, by=ANA),
    ):
        with pytest.raises(Rejected) as refused:
            await do(current, write, run)
        assert refused.value.key == "playbooks.not_participant"
        assert refused.value.choices == {"playbooks.button.join": ("join",)}
    current.fake.world.private.add(run.key.id)
    with pytest.raises(NotFound) as hidden:
        await current.adapter.read(run.key.id)
    assert hidden.value.key == "playbooks.hidden"


async def test_the_bot_joins_a_run_once_a_person_says_so(either: PlaybooksSubject) -> None:
    run = await either.a_run()
    there, bot = either.fake.run(run.key.id), either.fake.bot
    there.update(participant_ids=[], owner_user_id=either.fake.ana)
    either.fake.core.channels[there["channel_id"]].members.discard(bot)
    wanted = FinishTask(run=run.key, by=ANA, task=run.tasks[0].id)
    with pytest.raises(Rejected):
        await do(either, wanted, run)
    [told] = await do(either, wanted.model_copy(update={"options": {"join": "true"}}), run)
    assert told.snapshot is not None
    assert told.snapshot.tasks[0].state is TaskState.DONE
    assert either.fake.effects["finish"] == 1
    if either.fake.routes.generation == "2.x":
        [asked] = either.fake.calls("POST", "/query$")
        assert asked.json["variables"] == {"runID": run.key.id, "userIDs": [bot], "forceAddToChannel": True}
    await do(either, EndRun(run=run.key, by=ANA), run)  # it is in it now


async def test_a_bot_that_is_not_let_in(either: PlaybooksSubject) -> None:
    run = await either.a_run()
    there = either.fake.run(run.key.id)
    there.update(participant_ids=[], owner_user_id=either.fake.ana)
    either.fake.core.channels[there["channel_id"]].members.discard(either.fake.bot)
    refusal = '{"errors":[{"message":"attempted to join run without permissions"}],"data":null}'
    either.fake.fault("answer", method="POST", path="/query$", status=200, body=refusal)
    either.fake.fault("answer", method="POST", path="/members$", status=403, body="{}")
    wanted = FinishTask(run=run.key, by=ANA, task=run.tasks[0].id, options={"join": "true"})
    with pytest.raises(Rejected) as refused:
        await do(either, wanted, run)
    assert refused.value.key == "playbooks.may_not_join"
    assert either.fake.effects["finish"] == 0


async def test_a_run_that_only_its_owner_may_end(current: PlaybooksSubject) -> None:
    run = await current.a_run()
    body = '{"error":"Not authorized"}'
    current.fake.fault("answer", method="PUT", path="/finish$", status=403, body=body)
    with pytest.raises(Rejected) as refused:
        await do(current, EndRun(run=run.key, by=ANA), run)
    assert refused.value.key == "playbooks.owner_only"
    assert not refused.value.choices
