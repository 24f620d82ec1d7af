"""The process is killed before and after every commit of every verb; then card, ``show`` and platform agree.

How many commits a verb makes is found out on the way: the next one is killed at until the verb survives.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass

import pytest
import pytest_asyncio

from adapters.writes import Op
from tests.e2e.conftest import RUNBOOK, Environment
from tests.e2e.kills import Kill, mortal_environment

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]

MOST_COMMITS = 40


@dataclass(frozen=True)
class Verb:
    """``before``: what is said first. ``op``: what Cutover does once, if it can."""

    line: str
    op: Op | None = None
    before: Sequence[str] = ()


VERBS = (
    Verb("begin T1", Op.BEGIN),
    Verb("finish T1 all is well", Op.FINISH),
    Verb("skip T1 not needed"),
    Verb("hold T1 waiting for the vendor"),
    Verb("reopen T1", before=("finish T1",)),
    Verb("assign T1 @ben"),
    Verb("add Call the vendor", Op.ADD),
    Verb("comment still looking", Op.COMMENT),
    Verb("status amber still looking --next 2h", Op.STATUS),
    Verb("end", before=("finish T1 T2", "finish T3", "finish T4")),
    Verb("show"),
    Verb("finish T1 T2"),
    Verb("use {run}"),
)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def environment(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Environment]:
    async with AsyncExitStack() as stack:
        yield await stack.enter_async_context(mortal_environment(tmp_path_factory.mktemp("matrix")))


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("platform", ["cutover", "local"])
@pytest.mark.parametrize("verb", VERBS, ids=lambda verb: verb.line)
async def test_killed_at_every_commit_of(environment: Environment, verb: Verb, platform: str, when: str) -> None:
    for number in range(1, MOST_COMMITS):
        await environment.liaison.start()
        kill = Kill(environment, platform)
        await kill.start()
        for line in verb.before:
            await kill.room.private_answer(line)
        await kill.quiet()
        kill.liaison.kill_at(when, "", number)
        before = kill.effects(verb.op) if verb.op and platform == "cutover" else 0
        acknowledged = await kill.say(verb.line.format(run=kill.handle))
        survived = await kill.survives()
        kill.liaison.disarm()
        await environment.liaison.start()
        await kill.agrees()
        if verb.op and platform == "cutover":
            done = kill.effects(verb.op) - before
            assert done == 1 if acknowledged else done in (0, 1), number
        if survived:
            return
    raise AssertionError("the verb never ends")


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("platform", ["cutover", "local"])
async def test_killed_at_every_commit_of_a_start(environment: Environment, platform: str, when: str) -> None:
    for number in range(1, MOST_COMMITS):
        await environment.liaison.start()
        kill = Kill(environment, platform)
        await kill.quiet()
        kill.liaison.kill_at(when, "", number)
        acknowledged = await kill.say(f'start "{RUNBOOK}" --on {platform}')
        survived = await kill.survives()
        kill.liaison.disarm()
        await environment.liaison.start()
        await kill.answered()
        if "Send it again" in kill.room.button_labels():  # a copy is never made again unless a person says so
            await kill.room.press("Send it again")
        await kill.idle()
        if acknowledged or kill.scene.card_handles():
            kill.handle = await kill.handle_of_card()
            await kill.agrees()
            assert len(kill.copies()) == 1, number
        if survived:
            return
    raise AssertionError("the start never ends")
