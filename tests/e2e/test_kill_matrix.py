"""The process is killed before and after every commit of every verb; then card, ``show`` and platform agree.

How many commits a verb makes is found out on the way: the next one is killed at until the verb survives.
"""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass

import pytest
import pytest_asyncio

from adapters.writes import Op
from tests.adapters.tines.harness import make_button
from tests.adapters.xurrent.helpers import add_approval, find_run
from tests.e2e.conftest import RUNBOOK, Environment
from tests.e2e.kills import Kill, mortal_environment

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]

MOST_COMMITS = 40
PLATFORMS = ("cutover", "local", "xurrent", "tines")


@dataclass(frozen=True)
class Verb:
    """``before``: what is said first. ``press``: the button that answers the question of ``line``; it is killed
    after the press. ``op``: what the platform does once, if it can count. ``platforms``: those that can do it.
    """

    line: str
    op: Op | None = None
    before: Sequence[str] = ()
    press: str = ""
    platforms: Sequence[str] = ("cutover", "local")
    scene: Callable[[Kill], None] | None = None


def _add_approval(kill: Kill) -> None:
    add_approval(kill.environment.xurrent, find_run(kill.environment.xurrent, kill.handle), ANA)


def _add_button(kill: Kill) -> None:
    kill.tines_case().actions = [make_button(kill.tines, "Isolate host")]


ANA = 58
VERBS = (
    Verb("begin T1", Op.BEGIN),
    Verb("finish T1 all is well", Op.FINISH),
    Verb("skip T1 not needed", platforms=["xurrent", "local"]),
    Verb("hold T1 waiting for the vendor"),
    Verb("reopen T1", before=("finish T1",), platforms=["tines", "local"]),
    Verb("assign T1 @ben", platforms=["tines", "local"]),
    Verb("add Call the vendor", Op.ADD),
    Verb("comment still looking", Op.COMMENT),
    Verb("status amber still looking --next 2h", Op.STATUS),
    Verb("end", before=("finish T1 T2", "finish T3", "finish T4"), platforms=["tines", "local"]),
    Verb("show"),
    Verb("finish T1 T2"),
    Verb("use {run}"),
    Verb("approve T5 within the window", Op.APPROVE, ("show",), platforms=["xurrent"], scene=_add_approval),
    Verb("reject T5 not today", Op.REJECT, ("show",), platforms=["xurrent"], scene=_add_approval),
    Verb("do T1 report as failed --note the disk is broken", press="Go ahead", platforms=["xurrent"]),
    Verb("do Isolate host", Op.ACTION, press="Go ahead", platforms=["tines"], scene=_add_button),
)
CASES = [
    pytest.param(verb, platform, id=f"{verb.line}-{platform}") for verb in VERBS for platform in verb.platforms
]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def environment(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Environment]:
    async with AsyncExitStack() as stack:
        yield await stack.enter_async_context(mortal_environment(tmp_path_factory.mktemp("matrix"), PLATFORMS))


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize(("verb", "platform"), CASES)
async def test_killed_at_every_commit_of(environment: Environment, verb: Verb, platform: str, when: str) -> None:
    for number in range(1, MOST_COMMITS):
        await environment.liaison.start()
        kill = Kill(environment, platform)
        await _set_up(kill, verb)
        kill.liaison.kill_at(when, "", number)
        acknowledged = await (kill.press(verb.press) if verb.press else kill.say(_line(kill, verb)))
        survived = await kill.survives()
        kill.liaison.disarm()
        await environment.liaison.start()
        if verb.op is Op.ACTION:
            await kill.decide(verb.op)
        await kill.agrees()
        if verb.op and platform != "local":
            done = kill.effects(verb.op)
            assert done == 1 if acknowledged else done in (0, 1), number
        if survived:
            return
    raise AssertionError("the verb never ends")


async def _set_up(kill: Kill, verb: Verb) -> None:
    await kill.start()
    if verb.scene:
        verb.scene(kill)
    for line in verb.before:
        await kill.say(line)
    await kill.quiet()
    if verb.press:
        await kill.say(_line(kill, verb))
        await kill.room.wait_for_button(verb.press)
        await kill.quiet()


def _line(kill: Kill, verb: Verb) -> str:
    return verb.line.format(run=kill.handle)


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
