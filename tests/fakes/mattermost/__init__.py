"""A fake Mattermost 5.37 that behaves as in the recordings, and the people who use it.

    async with FakeMattermost() as mm:
        # settings of the bot under test: url=mm.url, token=mm.bot.token, command_tokens=[mm.command_token]
        delivered = await mm.command("http://127.0.0.1:8080", "start failover", user=mm.ana)
        post = await mm.until(lambda: mm.last_post(mm.town))      # waits for the post
        delivered = await mm.press(post, "Finish T1", mm.ana)     # the bot's response: delivered.status, .json
        dialog = await mm.until(lambda: mm.dialog_of(mm.ana))
        delivered = await mm.submit_dialog(dialog, {"text": "all good"})
        await mm.say(mm.town, "@liaison show R1", mm.ben)         # reaches the bot by websocket
        mm.private(mm.ana)                                        # what only Ana sees, oldest first

It starts with the team ``ops``, the members ana and ben, gil (a guest), the bot ``liaison``, and the channels
``town`` (with all of them) and ``far`` (without the bot). ``mm.add_user``, ``mm.add_channel`` and ``mm.direct``
add more. ``mm.sockets`` has the faults of the websocket; other faults are those of ``Fake``. ``plugin_handler``
responds to paths under ``/plugins/``, so that Playbooks can be on the same site.
"""

from tests.fakes.mattermost.clients import Delivered
from tests.fakes.mattermost.models import Channel, Dialog, Post, User
from tests.fakes.mattermost.server import FakeMattermost

__all__ = ["Channel", "Delivered", "Dialog", "FakeMattermost", "Post", "User"]
