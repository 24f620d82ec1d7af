"""The torture finds what it is made for: an error put into Liaison turns it red."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from bot.storage.store import Commit
from tests.e2e import faulty
from tests.torture import mutants
from tests.torture.plan import Blow, Command, Plan, make_plan
from tests.torture.run import run_plan
from tests.torture.world import LANES

pytestmark = pytest.mark.timeout(300)

CUTOVER, LOCAL = LANES.index(("cutover", "slack")), LANES.index(("local", "mattermost"))
PLAN = Plan(
    seed=0,
    seconds=8,
    commands=(
        Command(0.5, LOCAL, "ben", "finish T1", verb="state"),
        Command(5.0, CUTOVER, "ana", "comment q00001x", "q00001x", "comment"),
    ),
    blows=(
        Blow(0.1, "kill at commit", when="after", commit=Commit.OUTCOME),
        Blow(4.5, "request", server="cutover", fault="cut_after", method="POST"),
    ),
)
"""A kill right after an outcome is stored, and an answer that is lost once the next process is there."""


def test_the_same_seed_makes_the_same_plan() -> None:
    first, second = (make_plan(7, 20, ["cutover", "local"], rate=5, every=2) for _ in range(2))
    assert first == second
    assert first != make_plan(8, 20, ["cutover", "local"], rate=5, every=2)


@pytest.mark.parametrize(
    ("main", "problem"),
    [
        (faulty.main, ""),
        (mutants.main_that_sends_again_without_looking, "'comment q00001x' on cutover .* is there 2 times"),
        (mutants.main_that_commits_run_and_outcome_separately, "the card of .* on local .* says"),
    ],
)
async def test_an_error_in_liaison_is_found(tmp_path: Path, main: Callable[[], None], problem: str) -> None:
    report = await run_plan(PLAN, tmp_path, main)
    if not problem:
        assert not report.problems
    else:
        assert any(re.search(problem, found) for found in report.problems), report
