"""Socket Mode: the same deliveries over our own websockets."""

from bot.surfaces.slack.socket import SocketMode
from tests.bot.surfaces.slack.conftest import ANA, OPS
from tests.bot.surfaces.slack.rig import Office, opened
from tests.fakes.slack import SOCKET, Slack


async def connected(slack: Slack, office: Office) -> None:
    await slack.until(lambda: len(slack.sockets) == SocketMode.COUNT and office.surface.ready()["socket"])


async def test_deliveries_come_and_are_answered_on_their_socket(slack: Slack) -> None:
    slack.socket_patience = 30.0
    async with opened(slack, socket_mode=True) as office:
        await connected(slack, office)
        assert office.surface.ready() == {"identified": True, "socket": True}
        assert (await slack.command(SOCKET, "status form", user=ANA, channel=OPS)).status == 200
        assert (await slack.search(SOCKET, "task", "", user=ANA))[0] == "T3 Promote the replica"
        wrong = await slack.submit(SOCKET, {"text": ""}, user=ANA)
        assert wrong.json["errors"] == {"text": "Say what is going on."}
        assert (await slack.submit(SOCKET, {"text": "fine"}, user=ANA)).body == ""
        mention = await slack.mention(SOCKET, "finish T1", user=ANA, channel=OPS)
        assert mention.status == 200
        assert (await slack.again(mention)).status == 200
        assert len(office.desk.carried) == 2


async def test_an_envelope_that_cannot_be_recorded_is_not_answered(slack: Slack) -> None:
    async with opened(slack, socket_mode=True) as office:
        await connected(slack, office)
        office.desk.refuse = True
        slack.socket_patience = 0.5
        mention = await slack.mention(SOCKET, "finish T1", user=ANA, channel=OPS)
        assert mention.status == 0
        slack.socket_patience = 30.0
        command = await slack.command(SOCKET, "finish T1", user=ANA, channel=OPS)
        assert "not surely recorded" in command.json["text"]
        office.desk.refuse = False
        assert (await slack.again(mention)).status == 200


async def test_a_socket_that_slack_retires_is_replaced(slack: Slack) -> None:
    async with opened(slack, socket_mode=True) as office:
        await connected(slack, office)
        retired = slack.sockets[0]
        await retired.send_json({"type": "disconnect", "reason": "refresh_requested"})
        await slack.until(lambda: retired not in slack.sockets)
        await connected(slack, office)


async def test_without_sockets_it_is_not_ready_and_keeps_trying(slack: Slack) -> None:
    body = '{"ok": false, "error": "internal_error"}'
    fault = slack.fault("answer", path="apps.connections.open", status=200, body=body, times=1000)
    fault.headers = {"Content-Type": "application/json"}
    async with opened(slack, socket_mode=True) as office:
        await fault.reached.wait()
        assert not office.surface.ready()["socket"]
        fault.times = 0
        await connected(slack, office)
        for socket in list(slack.sockets):
            await socket.close()
        await slack.until(lambda: not slack.sockets or office.surface.ready()["socket"])
        await connected(slack, office)


async def test_over_http_nothing_is_taken_without_a_signing_secret(slack: Slack) -> None:
    async with opened(slack, socket_mode=True) as office:
        assert (await slack.command(office.url, "mine", user=ANA, channel=OPS)).status == 401
