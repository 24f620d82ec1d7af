"""A kill at any commit leaves nothing wrong: after the restart the card, ``show`` and the platform agree.

One real SIGKILL for each kind of commit here; ``make test-slow`` kills at every commit of every verb.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack

import aiohttp
import pytest
import pytest_asyncio

from adapters.writes import Op
from bot.storage.store import Commit
from tests.e2e.conftest import FIRST_TASK, Environment
from tests.e2e.kills import Kill, mortal_environment
from tests.e2e.process import until

PLATFORMS = ("cutover", "local")
BOTH = (Commit.OUTCOME, Commit.SENT)
"""What matters most is killed at on both platforms here; the others on one, and on both in ``make test-slow``."""
FINISH = (
    Commit.ROUTE,
    Commit.SENT,
    Commit.OUTCOME,
    Commit.ACTIVITY,
    Commit.OUTBOX,
    Commit.DONE,
    Commit.LIVE_CARD,
    Commit.DELIVERED,
)
START = (
    Commit.START,
    Commit.BINDING,
    Commit.LIVE_CARD,
    Commit.SENT,
    Commit.OUTCOME,
    Commit.LAST_USED,
    Commit.DONE,
)
LONGEST = (START, Commit.SENT, "cutover")
"""All looks at the platform pass before a person is asked."""
ELSEWHERE = {
    Commit.RECORD: "test_a_command_that_was_recorded_and_not_acknowledged_is_done",
    Commit.RUN: "test_killed_while_a_read_is_stored",
    Commit.SCHEDULED: "test_killed_while_a_promise_is_stored",
    Commit.LOCAL_RUN: "test_killed_while_the_local_platform_stores_a_run",
    Commit.PERSON: "test_killed_while_a_profile_is_stored",
    Commit.CHOICE: "test_killed_while_a_choice_is_taken",
}
HARMLESS = {
    Commit.CHAT_ANSWER: "Mattermost only, and the repeated delivery is tested with it",
    Commit.WITHDRAW: "after a recording that took too long",
    Commit.STOPPED: "what waits for a platform was not sent",
    Commit.CLEANUP: "deletes what is a week old",
    Commit.SURFACE_STATE: "of a chat, not of a run",
    Commit.PARKED: "the next start tries what is parked anyway",
    Commit.NEWS: "the next start tells what is still stored, under the same keys",
    Commit.PREFERENCE: "the message is processed again, and sets the same",
    Commit.RATE_LIMIT: "a call that is counted and never made",
    Commit.JOB: "only on PostgreSQL: the job that stored it runs again",
    Commit.TELL: "only on PostgreSQL: other replicas read again what they would read again anyway",
    Commit.REPLICA: "only on PostgreSQL: each replica writes its row again within seconds",
    Commit.INSTALLATION: "of a workspace, not of a run: whoever installs the app does it again",
}


def _on_platforms(kinds: Sequence[Commit]) -> pytest.MarkDecorator:
    """Each kind on each platform, in turn the first or the second of them only with ``-m slow``."""
    cases = []
    for number, kind in enumerate(kinds):
        for platform in PLATFORMS:
            is_slow = (kind not in BOTH and platform != PLATFORMS[number % 2]) or (
                kinds,
                kind,
                platform,
            ) == LONGEST
            marks = [pytest.mark.slow] if is_slow else []
            cases.append(pytest.param(kind, platform, marks=marks, id=f"{kind}-{platform}"))
    return pytest.mark.parametrize(("kind", "kill"), cases, indirect=["kill"])


async def test_every_kind_of_commit_is_killed_at_or_said_to_be_harmless() -> None:
    assert {*FINISH, *START, *ELSEWHERE, *HARMLESS} == set(Commit)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def environment(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Environment]:
    async with AsyncExitStack() as stack:
        yield await stack.enter_async_context(mortal_environment(tmp_path_factory.mktemp("mortal")))


@pytest_asyncio.fixture(loop_scope="session", params=PLATFORMS)
async def kill(request: pytest.FixtureRequest, environment: Environment) -> AsyncIterator[Kill]:
    kill = Kill(environment, request.param)
    yield kill
    kill.liaison.disarm()
    await environment.liaison.start()


@_on_platforms(FINISH)
async def test_killed_at_a_commit_of_a_finish(kill: Kill, kind: Commit) -> None:
    await kill.start()
    kill.liaison.kill_at("after", kind)
    await kill.say("finish T1 all is well")
    await kill.dies()
    await kill.liaison.start()
    await kill.agrees()
    assert kill.there()["T1"] == "done"
    if kill.platform == "cutover":
        assert (kill.effects(Op.FINISH), kill.effects(Op.COMMENT)) == (1, 1)


@_on_platforms(START)
async def test_killed_at_a_commit_of_a_start(kill: Kill, kind: Commit) -> None:
    await kill.quiet()
    kill.liaison.kill_at("after", kind)
    await kill.say(f'start "Database failover" --on {kill.platform}')
    await kill.dies()
    await kill.liaison.start()
    if kind is Commit.SENT and kill.platform == "cutover":  # a copy is never made again unless a person says so
        await kill.room.press("Send it again")
    await kill.idle()
    kill.handle = await kill.handle_of_card()
    await kill.agrees()
    assert len(kill.copies()) == 1


async def test_killed_between_the_outcome_and_whatever_comes_next(kill: Kill) -> None:
    """The receipt and the card that say so are one commit: it was two, and the card stayed wrong."""
    await kill.start()
    for line, state in (("begin T1", "running"), ("finish T1", "done"), ("begin T2", "running")):
        kill.liaison.kill_at("after", Commit.OUTCOME)
        await kill.say(line)
        await kill.dies()
        await kill.liaison.start()
        await kill.agrees()
        assert kill.there()[line[-2:]] == state


async def test_killed_between_a_refusal_and_its_answer(environment: Environment) -> None:
    """What can only be refused again has no [Try again], and the answer says who was faster."""
    kill = Kill(environment, "cutover")
    await kill.start()
    run = kill.scene.cutover_run(kill.handle)
    kill.liaison.kill_at("after", Commit.OUTCOME)
    environment.cutover.world._complete(run, run.task(FIRST_TASK), "complete_normal")
    await kill.say("begin T1")
    await kill.dies()
    await kill.liaison.start()
    answer = await until(lambda: [one for one in kill.room.bot_messages() if one.visible_to == "ana"][1:])
    assert FIRST_TASK in answer[0].text
    assert "None" not in answer[0].text
    assert "Try again" not in answer[0].labels, answer[0].text
    await kill.agrees()


@pytest.mark.parametrize("when", ["before", "after"])
async def test_a_command_that_was_recorded_and_not_acknowledged_is_done(kill: Kill, when: str) -> None:
    await kill.start()
    kill.liaison.kill_at(when, Commit.RECORD)
    assert not await kill.say("begin T1")
    await kill.dies()
    await kill.liaison.start()
    await kill.agrees()
    assert kill.there()["T1"] == ("running" if when == "after" else "open")


async def test_killed_while_a_read_is_stored(kill: Kill) -> None:
    await kill.start()
    kill.liaison.kill_at("before", Commit.RUN)
    await kill.say(f"show {kill.handle}")
    await kill.dies()
    await kill.liaison.start()
    await kill.agrees()


@pytest.mark.parametrize("when", ["before", "after"])
async def test_killed_between_the_refusal_of_a_form_and_its_response(environment: Environment, when: str) -> None:
    """Whoever submits it again, as it is still open, sees the refusal."""
    kill = Kill(environment, "local")
    await kill.start()
    await kill.press("Update status")
    await kill.room.form_title()
    await kill.say("end --yes", user="ben")
    await kill.scene.wait_for_text("(?i)ben.* ended")
    await kill.quiet()
    kill.liaison.kill_at(when, Commit.CHAT_ANSWER)
    with pytest.raises(aiohttp.ClientError):
        await kill.room.submit_form({"text": "too late"})
    await kill.dies()
    await kill.liaison.start()
    delivery = await kill.room.submit_form({"text": "too late"})
    if b"Nothing changed" not in delivery.body:
        await kill.scene.wait_for_text(r"\(to ana\).*Nothing changed")


async def test_killed_while_a_promise_is_stored(kill: Kill) -> None:
    await kill.start()
    kill.liaison.kill_at("before", Commit.SCHEDULED)
    await kill.say("status amber still looking --next 2h")
    await kill.dies()
    await kill.liaison.start()
    await kill.agrees()
    await kill.scene.wait_for_text("next update")


async def test_killed_while_a_profile_is_stored(kill: Kill) -> None:
    await kill.start()
    kill.liaison.kill_at("before", Commit.PERSON)
    await kill.say("begin T1", user=kill.newcomer())
    await kill.dies()
    await kill.liaison.start()
    await kill.agrees()
    assert kill.there()["T1"] == "running"


@pytest.mark.parametrize("when", ["before", "after"])
async def test_killed_while_a_choice_is_taken(kill: Kill, when: str) -> None:
    await kill.start()
    await kill.room.command(f'start "Database failover" --on {kill.platform}')
    kill.liaison.kill_at(when, Commit.CHOICE)
    await kill.press("Start another")
    await kill.dies()
    await kill.liaison.start()
    await kill.idle()
    kill.handle = await kill.handle_of_card()
    await kill.agrees()
    assert len(kill.copies()) == 1


@pytest.mark.parametrize("when", ["before", "after"])
async def test_killed_while_the_local_platform_stores_a_run(environment: Environment, when: str) -> None:
    kill = Kill(environment, "local")
    await kill.start()
    kill.liaison.kill_at(when, Commit.LOCAL_RUN)
    await kill.say("finish T1 all is well")
    await kill.dies()
    await kill.liaison.start()
    await kill.agrees()
    assert kill.there()["T1"] == "done"
