"""A run that somebody else started: the bot asks before it joins."""

import pytest

from adapters.errors import NotFound, Rejected
from adapters.models import TaskState
from adapters.writes import EndRun, FinishTask, SetStatus
from tests.adapters.playbooks.harness import PlatformHarness
from tests.adapters.playbooks.helpers import ANA, execute_steps


async def test_a_bot_that_is_not_a_participant_asks_to_join(playbooks_2: PlatformHarness) -> None:
    run = await playbooks_2.new_run()
    run_json = playbooks_2.fake.run(run.key.id)
    run_json.update(participant_ids=[], owner_user_id=playbooks_2.fake.ana)
    for write in (
        FinishTask(run=run.key, by=ANA, task=run.tasks[0].id),
        SetStatus(run=run.key, by=ANA, text="x"),
        EndRun(run=run.key, by=ANA),
    ):
        with pytest.raises(Rejected) as error:
            await execute_steps(playbooks_2, write, run)
        assert error.value.key == "playbooks.not_participant"
        assert error.value.choices == {"playbooks.button.join": ("join",)}
    playbooks_2.fake.world.private.add(run.key.id)
    with pytest.raises(NotFound) as hidden:
        await playbooks_2.adapter.read(run.key.id)
    assert hidden.value.key == "playbooks.hidden"


async def test_the_bot_joins_a_run_once_a_person_agrees(harness: PlatformHarness) -> None:
    run = await harness.new_run()
    run_json, bot = harness.fake.run(run.key.id), harness.fake.bot
    run_json.update(participant_ids=[], owner_user_id=harness.fake.ana)
    harness.fake.core.channels[run_json["channel_id"]].members.discard(bot)
    write = FinishTask(run=run.key, by=ANA, task=run.tasks[0].id)
    with pytest.raises(Rejected):
        await execute_steps(harness, write, run)
    [result] = await execute_steps(harness, write.model_copy(update={"options": {"join": "true"}}), run)
    assert result.snapshot is not None
    assert result.snapshot.tasks[0].state is TaskState.DONE
    assert harness.fake.effects["finish"] == 1
    if harness.fake.routes.generation == "2.x":
        [asked] = harness.fake.calls("POST", "/query$")
        assert asked.json["variables"] == {"runID": run.key.id, "userIDs": [bot], "forceAddToChannel": True}
    await execute_steps(harness, EndRun(run=run.key, by=ANA), run)  # the bot is a participant now


async def test_a_bot_that_is_not_allowed_to_join_is_refused(harness: PlatformHarness) -> None:
    run = await harness.new_run()
    run_json = harness.fake.run(run.key.id)
    run_json.update(participant_ids=[], owner_user_id=harness.fake.ana)
    harness.fake.core.channels[run_json["channel_id"]].members.discard(harness.fake.bot)
    refusal = '{"errors":[{"message":"attempted to join run without permissions"}],"data":null}'
    harness.fake.fault("answer", method="POST", path="/query$", status=200, body=refusal)
    harness.fake.fault("answer", method="POST", path="/members$", status=403, body="{}")
    write = FinishTask(run=run.key, by=ANA, task=run.tasks[0].id, options={"join": "true"})
    with pytest.raises(Rejected) as error:
        await execute_steps(harness, write, run)
    assert error.value.key == "playbooks.may_not_join"
    assert harness.fake.effects["finish"] == 0


async def test_a_run_that_only_its_owner_can_end(playbooks_2: PlatformHarness) -> None:
    run = await playbooks_2.new_run()
    body = '{"error":"Not authorized"}'
    playbooks_2.fake.fault("answer", method="PUT", path="/finish$", status=403, body=body)
    with pytest.raises(Rejected) as error:
        await execute_steps(playbooks_2, EndRun(run=run.key, by=ANA), run)
    assert error.value.key == "playbooks.owner_only"
    assert not error.value.choices
