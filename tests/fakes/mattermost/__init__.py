"""A Mattermost 5.37 on a loopback port, shaped after the recordings, and the people who use it.

    async with FakeMattermost() as mm:
        # Settings of the bot under test: url=mm.url, token=mm.bot.token, command_tokens=[mm.command_token]
        delivered = await mm.command("http://127.0.0.1:8080", "start failover", user=mm.ana)
        post = await mm.until(lambda: mm.last_post(mm.town))      # waits for it, and returns it
        delivered = await mm.press(post, "Finish T1", mm.ana)     # answer of the bot: delivered.status, .json
        dialog = await mm.until(lambda: mm.dialog_of(mm.ana))
        delivered = await mm.submit_dialog(dialog, {"text": "all good"})
        await mm.say(mm.town, "@liaison show R1", mm.ben)         # reaches the bot by its websocket
        mm.private(mm.ana)                                        # what only Ana sees, newest last

Seeded: team ``ops``; members ana and ben, gil (a guest), the bot ``liaison``; channels ``town`` (all of them)
and ``far`` (the bot is not in it). ``mm.add_user``, ``mm.add_channel``, ``mm.direct`` make more.
``mm.sockets`` cuts, forgets and skips; faults on the wire are those of ``adapters.testing.fake_server.Fake``.
``extra`` answers paths under ``/plugins/`` first, so that Playbooks can live on the same site.
"""

from tests.fakes.mattermost.people import Delivered
from tests.fakes.mattermost.server import FakeMattermost
from tests.fakes.mattermost.world import Channel, Dialog, Post, User

__all__ = ["Channel", "Delivered", "Dialog", "FakeMattermost", "Post", "User"]
