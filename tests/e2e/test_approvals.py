"""Only the requested approvers can approve. Finishing a range of tasks approves nothing."""

import re

from tests.adapters.xurrent.fake_account import FakeTask
from tests.adapters.xurrent.helpers import add_approval, find_run
from tests.e2e.conftest import Scene

ANA, RUI = 58, 61


async def _run_with_approval(scene: Scene) -> FakeTask:
    """Starts a run on Xurrent with an approval task for Ana and Rui."""
    handle = await scene.start_run("xurrent")
    fake = scene.environment.xurrent
    task = add_approval(fake, find_run(fake, handle), ANA, RUI, required=2)
    await scene.room.command("show")
    await scene.wait_for_text("approval: Ana Reis, Rui Dias, 2 of 2 needed")
    return task


async def test_finish_does_not_approve_even_within_a_range(scene: Scene) -> None:
    task = await _run_with_approval(scene)
    answer = await scene.room.private_answer("finish T1-T2, T5")
    assert "T5 Release manager's approval is an approval (Ana Reis, Rui Dias, 2 of 2 needed)" in answer.text
    assert "only they can give it, in Xurrent" in answer.text
    await scene.wait_for_effects("finish", 2, on="xurrent")
    assert task.status == "assigned"


async def test_ana_approves_with_her_own_token_and_ben_has_none(scene: Scene) -> None:
    task = await _run_with_approval(scene)
    refused = await scene.room.private_answer("approve T5", user="ben")
    assert "Liaison has no token of yours. Nothing changed" in refused.text
    answer = await scene.room.private_answer("approve T5 within the window")
    assert "your part is recorded. Receipt" in answer.text
    assert "open until the others have decided" in answer.text
    await scene.wait_for_text("(?i)ana.* did their part of approving T5; waiting for the others")
    assert [(approval.approver, approval.status) for approval in task.approvals] == [
        (ANA, "approved"),
        (RUI, "assigned"),
    ]
    await scene.wait_for_text("2 of 2 needed, given by Ana Reis")
    assert not re.search(r"(?i)\bana( costa)?, approval:", scene.room.text()), "approving does not assign the task"
    again = await scene.room.private_answer("approve T5")
    assert "Nothing changed" in again.text or "your part is recorded" in again.text
    assert scene.count_effects("approve", on="xurrent") == 1
