"""The torture finds what it is made for: an error put into Liaison turns it red."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from bot.storage.store import Commit
from tests.e2e import faulty
from tests.postgresql import own_server
from tests.torture import mutants
from tests.torture.faults import Blow
from tests.torture.plan import Command, Plan, make_plan
from tests.torture.run import run_plan
from tests.torture.world import LANES, Deployment

pytestmark = pytest.mark.timeout(420)

CUTOVER, LOCAL = LANES.index(("cutover", "slack")), LANES.index(("local", "slack"))
COMMANDS = (
    Command(0.5, LOCAL, "ben", "finish T1", verb="state"),
    Command(5.0, CUTOVER, "ana", "comment q00001x", "q00001x", "comment"),
)
LOST_ANSWER = Blow(4.5, "request", server="cutover", fault="cut_after", method="POST")
"""Once the next process is there."""


def test_the_same_seed_makes_the_same_plan() -> None:
    first, second = (make_plan(7, 20, ["cutover", "local"], rate=5, every=2) for _ in range(2))
    assert first == second
    assert first != make_plan(8, 20, ["cutover", "local"], rate=5, every=2)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("main", "commit", "problem"),
    [
        (faulty.main, Commit.OUTCOME, ""),
        (faulty.main, Commit.LIVE_CARD, ""),
        (mutants.main_that_sends_again_without_looking, Commit.OUTCOME, "'comment q00001x' .* is there 2 times"),
        (mutants.main_that_commits_run_and_outcome_separately, Commit.OUTCOME, "the card of .* on local .* says"),
        (mutants.main_that_notes_a_card_before_it_is_drawn, Commit.LIVE_CARD, "the card of .* on local .* says"),
        (mutants.main_that_ends_a_message_before_its_answer_is_stored, Commit.DONE, "finish T1 .* never answered"),
    ],
)
async def test_an_error_in_liaison_is_found(
    tmp_path: Path, main: Callable[[], None], commit: Commit, problem: str
) -> None:
    kill = Blow(0.1, "kill at a commit", when="after", commit=commit)
    report = await run_plan(Plan(0, 8, COMMANDS, (kill, LOST_ANSWER)), tmp_path, Deployment(main=main))
    if not problem:
        assert not report.problems
    else:
        assert any(re.search(problem, found) for found in report.problems), report


@pytest.mark.slow
async def test_ninety_seconds_of_everything(tmp_path: Path) -> None:
    plan = make_plan(7, 90, [platform for platform, _ in LANES], rate=8, every=1.2)
    report = await run_plan(plan, tmp_path)
    print(report)
    assert not report.problems, report


@pytest.mark.slow
@pytest.mark.timeout(480)
async def test_ninety_seconds_of_everything_with_three_replicas(tmp_path: Path) -> None:
    plan = make_plan(7, 90, [platform for platform, _ in LANES], rate=4, every=1.5, postgresql=True)
    with own_server() as server:
        report = await run_plan(plan, tmp_path, Deployment(3, server))
    print(report)
    assert not report.problems, report
