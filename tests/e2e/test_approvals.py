"""An approval is never given on the way, and only ever by the person it is asked of."""

import re

from tests.adapters.xurrent.acting import an_approval, the_run
from tests.adapters.xurrent.world import FakeTask
from tests.e2e.conftest import Scene

ANA, RUI = 58, 61


async def _asked(scene: Scene) -> FakeTask:
    """A run on Xurrent, with an approval that is asked of Ana and Rui."""
    handle = await scene.started("xurrent")
    fake = scene.house.xurrent
    task = an_approval(fake, the_run(fake, handle), ANA, RUI, required=2)
    await scene.room.command("show")
    await scene.sees("approval: Ana Reis, Rui Dias, 2 of 2 needed")
    return task


async def test_finish_does_not_approve_also_within_a_range(scene: Scene) -> None:
    task = await _asked(scene)
    answer = await scene.room.answer("finish T1-T2, T5")
    assert "T5 Release manager's approval is an approval (Ana Reis, Rui Dias, 2 of 2 needed)" in answer.words
    assert "only they can give it, in Xurrent" in answer.words
    await scene.done("finish", 2, on="xurrent")
    assert task.status == "assigned"


async def test_ana_approves_with_her_own_token_and_ben_has_none(scene: Scene) -> None:
    task = await _asked(scene)
    refused = await scene.room.answer("approve T5", user="ben")
    assert "Liaison has no token of yours. Nothing changed" in refused.words
    answer = await scene.room.answer("approve T5 within the window")
    assert "your approval is recorded. Receipt" in answer.words
    await scene.sees("(?i)ana.* approved T5 Release manager's approval")
    assert [(one.approver, one.status) for one in task.approvals] == [(ANA, "approved"), (RUI, "assigned")]
    await scene.sees("2 of 2 needed, given by Ana Reis")
    assert not re.search(r"(?i)\bana( costa)?, approval:", scene.room.words()), "she has not got the task by it"
    again = await scene.room.answer("approve T5")
    assert "Nothing changed" in again.words or "given" in again.words
    assert scene.effects("approve", on="xurrent") == 1
