"""A Socket Mode connection that stays open and delivers nothing is replaced, and what an operator must repair is
named."""

import pytest

from adapters.protocol import CheckStatus
from bot.surfaces.slack.socket import SocketMode
from tests.bot.surfaces.slack.conftest import ANA, OPS
from tests.bot.surfaces.slack.harness import SlackHarness, start_surface
from tests.fakes.slack import Slack
from tests.fakes.slack_deliveries import SOCKET

WATCHDOG = {"probe_seconds": 0.1, "silence_seconds": 0.5}


async def wait_until_connected(slack: Slack, harness: SlackHarness) -> None:
    await slack.until(lambda: len(slack.sockets) == SocketMode.COUNT and harness.surface.ready()["socket"])


async def test_silent_connections_are_replaced_one_after_the_other(slack: Slack) -> None:
    async with start_surface(slack, socket_mode=True, watchdog=WATCHDOG) as harness:
        await wait_until_connected(slack, harness)
        slack.deaf = list(slack.sockets)
        slack.socket_timeout = 0.2
        mention = await slack.mention(SOCKET, "finish T1", user=ANA, channel=OPS)
        assert mention.status == 0
        fewest: list[int] = []
        await slack.until(
            lambda: fewest.append(len(slack.sockets)) or not set(slack.deaf) & set(slack.sockets)  # type: ignore[func-returns-value]
        )
        assert min(fewest) == SocketMode.COUNT, "the new connection must be there before the old one is closed"
        slack.socket_timeout = 30.0
        assert (await slack.redeliver(mention)).status == 200
        assert len(harness.intake.processed) == 1


async def test_a_connection_that_delivers_is_not_replaced(slack: Slack) -> None:
    async with start_surface(slack, socket_mode=True, watchdog=WATCHDOG | {"silence_seconds": 5.0}) as harness:
        await wait_until_connected(slack, harness)
        before = list(slack.sockets)
        for number in range(20):
            assert (await slack.mention(SOCKET, f"finish T{number}", user=ANA, channel=OPS)).status == 200
        assert list(slack.sockets) == before


async def test_a_silent_connection_stays_if_there_can_be_no_other(slack: Slack) -> None:
    """It may only be quiet."""
    async with start_surface(slack, socket_mode=True, watchdog=WATCHDOG) as harness:
        await wait_until_connected(slack, harness)
        before = list(slack.sockets)
        fault = slack.fault("answer", path="apps.connections.open", status=500, times=1000)
        await fault.reached.wait()
        assert (await slack.mention(SOCKET, "finish T1", user=ANA, channel=OPS)).status == 200
        assert list(slack.sockets) == before
        fault.times = 0


async def test_a_revoked_token_is_noticed_although_nothing_was_sent(slack: Slack) -> None:
    async with start_surface(slack, socket_mode=True, watchdog=WATCHDOG) as harness:
        await wait_until_connected(slack, harness)
        slack.token_error = "token_revoked"
        await slack.until(lambda: harness.surface.reception().problem)
        assert harness.surface.ready()["identified"] is False
        problem = harness.surface.reception().problem
        assert problem is not None
        assert "it was revoked, or the app was uninstalled (token_revoked)" in problem.summary
        slack.token_error = ""
        await slack.until(lambda: harness.surface.ready()["identified"], timeout=60.0)
        assert harness.surface.reception().problem is None


async def test_socket_mode_that_was_switched_off_is_named(slack: Slack) -> None:
    async with start_surface(slack, socket_mode=True) as harness:
        await wait_until_connected(slack, harness)
        slack.link_disabled = True
        for socket in list(slack.sockets):
            await socket.send_json({"type": "disconnect", "reason": "link_disabled"})
        await slack.until(lambda: not harness.surface.ready()["socket"])
        problem = harness.surface.reception().problem
        assert problem is not None
        assert "Socket Mode is switched off for the app (link_disabled)" in problem.summary
        assert "Socket Mode" in problem.fix


@pytest.mark.parametrize(("in_use", "problems"), [(False, 1), (True, 0)])
async def test_doctor_opens_a_connection_unless_it_would_take_deliveries(
    slack: Slack, in_use: bool, problems: int
) -> None:
    slack.link_disabled = True
    async with start_surface(slack, socket_mode=True) as harness:
        results = await harness.surface.check(in_use=in_use)
    found = [item for item in results if item.status is CheckStatus.FIX]
    assert ["link_disabled" in item.summary for item in found] == [True] * problems


async def test_deliveries_count_as_received(slack: Slack) -> None:
    async with start_surface(slack, socket_mode=True) as harness:
        await wait_until_connected(slack, harness)
        assert harness.surface.reception().last_received is None
        assert (await slack.mention(SOCKET, "finish T1", user=ANA, channel=OPS)).status == 200
        assert harness.surface.reception().last_received is not None
