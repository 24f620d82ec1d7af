"""Socket Mode: deliveries over websockets."""

from bot.surfaces.slack.socket import SocketMode
from tests.bot.surfaces.slack.conftest import ANA, OPS
from tests.bot.surfaces.slack.harness import SlackHarness, start_surface
from tests.fakes.slack import Slack
from tests.fakes.slack_deliveries import SOCKET


async def wait_until_connected(slack: Slack, harness: SlackHarness) -> None:
    await slack.until(lambda: len(slack.sockets) == SocketMode.COUNT and harness.surface.ready()["socket"])


async def test_deliveries_are_acknowledged_on_their_connection(slack: Slack) -> None:
    slack.socket_timeout = 30.0
    async with start_surface(slack, socket_mode=True) as harness:
        await wait_until_connected(slack, harness)
        assert harness.surface.ready() == {"identified": True, "socket": True}
        assert (await slack.command(SOCKET, "status form", user=ANA, channel=OPS)).status == 200
        assert (await slack.search(SOCKET, "task", "", user=ANA))[0] == "T3 Promote the replica"
        wrong = await slack.submit(SOCKET, {"text": "?"}, user=ANA)
        assert wrong.json["errors"] == {"text": "Say what is going on."}
        assert (await slack.submit(SOCKET, {"text": "fine"}, user=ANA)).body == ""
        mention = await slack.mention(SOCKET, "finish T1", user=ANA, channel=OPS)
        assert mention.status == 200
        assert (await slack.redeliver(mention)).status == 200
        assert len(harness.intake.processed) == 2


async def test_an_envelope_that_cannot_be_recorded_is_not_acknowledged(slack: Slack) -> None:
    async with start_surface(slack, socket_mode=True) as harness:
        await wait_until_connected(slack, harness)
        harness.intake.failing_records = 1000
        slack.socket_timeout = 0.5
        mention = await slack.mention(SOCKET, "finish T1", user=ANA, channel=OPS)
        assert mention.status == 0
        slack.socket_timeout = 30.0
        command = await slack.command(SOCKET, "finish T1", user=ANA, channel=OPS)
        assert "couldn't confirm that this was saved" in command.json["text"]
        harness.intake.failing_records = 0
        assert (await slack.redeliver(mention)).status == 200


async def test_a_connection_that_slack_closes_is_replaced(slack: Slack) -> None:
    async with start_surface(slack, socket_mode=True) as harness:
        await wait_until_connected(slack, harness)
        retired = slack.sockets[0]
        await retired.send_json({"type": "disconnect", "reason": "refresh_requested"})
        await slack.until(lambda: retired not in slack.sockets)
        await wait_until_connected(slack, harness)


async def test_without_connections_it_is_not_ready_and_keeps_trying(slack: Slack) -> None:
    body = '{"ok": false, "error": "internal_error"}'
    fault = slack.fault("answer", path="apps.connections.open", status=200, body=body, times=1000)
    fault.headers = {"Content-Type": "application/json"}
    async with start_surface(slack, socket_mode=True) as harness:
        await fault.reached.wait()
        assert not harness.surface.ready()["socket"]
        fault.times = 0
        await wait_until_connected(slack, harness)
        for socket in list(slack.sockets):
            await socket.close()
        await slack.until(lambda: not slack.sockets or harness.surface.ready()["socket"])
        await wait_until_connected(slack, harness)


async def test_without_a_signing_secret_http_deliveries_are_401(slack: Slack) -> None:
    async with start_surface(slack, socket_mode=True) as harness:
        assert (await slack.command(harness.url, "mine", user=ANA, channel=OPS)).status == 401
