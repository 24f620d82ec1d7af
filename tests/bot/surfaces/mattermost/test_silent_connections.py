"""A websocket that stays open and delivers nothing is noticed and replaced, and what was missed is read."""

from collections.abc import AsyncIterator

import pytest

from adapters.protocol import CheckStatus
from tests.bot.surfaces.mattermost.harness import MattermostHarness, start_surface
from tests.fakes.mattermost.sockets import DISABLED, REVOKED

PROBE_SECONDS = 0.4


@pytest.fixture
async def probed() -> AsyncIterator[MattermostHarness]:
    async with start_surface(probe_seconds=PROBE_SECONDS) as harness:
        yield harness


async def hear_first_post(harness: MattermostHarness) -> None:
    await harness.mm.say(harness.mm.town, "@liaison one", harness.mm.ana)
    await harness.mm.until(lambda: harness.intake.texts == ["one"])


async def test_a_bot_that_was_disabled_for_seconds_hears_again_and_reads_what_it_missed(
    probed: MattermostHarness,
) -> None:
    """The connection could be resumed, but its numbers would show no gap: nothing was sent to it."""
    await hear_first_post(probed)
    probed.mm.sockets.lose_sessions(probed.mm.bot)
    await probed.mm.say(probed.mm.town, "@liaison two", probed.mm.ana)
    await probed.mm.until(lambda: probed.intake.texts == ["one", "two"])
    await probed.mm.say(probed.mm.town, "@liaison three", probed.mm.ana)
    await probed.mm.until(lambda: probed.intake.texts == ["one", "two", "three"])
    assert probed.mm.sockets.resume_count == 0
    assert probed.surface.reception().problem is None


@pytest.mark.parametrize(
    ("error", "words"), [(DISABLED, "bot account is disabled"), (REVOKED, "token was revoked")]
)
async def test_a_disabled_bot_and_a_revoked_token_are_named_until_they_are_repaired(
    probed: MattermostHarness, error: str, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    await hear_first_post(probed)
    probed.mm.bot.deleted = True
    probed.mm.sockets.lose_sessions(probed.mm.bot, error)
    await probed.mm.until(lambda: probed.surface.reception().problem)
    assert probed.surface.ready() == {"websocket": False}
    problem = probed.surface.reception().problem
    assert problem is not None
    assert problem.status is CheckStatus.FIX
    assert words in problem.summary
    await probed.mm.say(probed.mm.town, "@liaison two", probed.mm.ana)
    probed.mm.bot.deleted = False
    await probed.mm.until(lambda: probed.intake.texts == ["one", "two"])
    assert probed.surface.reception().problem is None
    assert probed.surface.ready() == {"websocket": True}
    output = capsys.readouterr()
    assert probed.mm.bot.token not in output.out + output.err, "the server's error quotes the token"


@pytest.mark.parametrize("ignores_pings", [False, True])
async def test_a_server_that_answers_no_actions_is_reconnected(
    probed: MattermostHarness, ignores_pings: bool
) -> None:
    """Whether or not it answers pings of the protocol."""
    if ignores_pings:
        await probed.surface.stop()
        probed.mm.sockets.ignores_pings = True
        probed.build()
        await probed.start()
    await hear_first_post(probed)
    probed.mm.sockets.mute = True
    await probed.mm.say(probed.mm.town, "@liaison two", probed.mm.ana)
    await probed.mm.until(lambda: not probed.surface.ready()["websocket"])
    probed.mm.sockets.mute = False
    await probed.mm.until(lambda: probed.intake.texts == ["one", "two"])


async def test_without_reliable_websockets_every_new_connection_reads_the_history(
    probed: MattermostHarness,
) -> None:
    """As 5.37 is installed: the hello has no id, and nothing is replayed."""
    await probed.surface.stop()
    probed.mm.sockets.reliable = False
    probed.build()
    await probed.start()
    await hear_first_post(probed)
    await probed.mm.sockets.cut()
    await probed.mm.say(probed.mm.town, "@liaison two", probed.mm.ana)
    await probed.mm.until(lambda: probed.intake.texts == ["one", "two"])
    assert probed.mm.sockets.resume_count == 0


async def test_an_answered_probe_counts_as_received(probed: MattermostHarness) -> None:
    before = probed.surface.reception().last_received
    assert before is not None
    await probed.mm.until(lambda: probed.surface.reception().last_received != before)
    assert probed.mm.sockets.hello_count == 1


async def test_doctor_names_a_token_that_is_not_accepted(probed: MattermostHarness) -> None:
    probed.mm.bot.deleted = True
    [result] = [item for item in await probed.surface.check() if item.status is CheckStatus.FIX]
    assert "it is wrong or was revoked, or the bot account is disabled" in result.summary
    assert "enable it" in result.fix
