"""Bots that other people wrote: bolt-js, Hubot and Errbot, each with a handler that does what ``bare`` does.

They run if ``make bench-peers`` installed them. Hubot and Errbot have no slash commands: they get the line as a
message, over Socket Mode, and their acknowledgement is that of its envelope.
"""

import shutil
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.benchmarks.contenders import BoltBot
from tests.fakes.slack_deliveries import SOCKET, Delivered

FOLDER = Path(__file__).parent / "peers"
PACKAGES = FOLDER / "node_modules"
ERRBOT = FOLDER.parents[2] / ".venv-peers" / "bin" / "errbot"
READY_SECONDS = 60.0
ASK_AGAIN_SECONDS = 0.5


class BoltJsBot(BoltBot):
    program = shutil.which("node") or "node"
    ready_within = READY_SECONDS

    def arguments(self) -> Sequence[str]:
        return (str(FOLDER / "bolt.mjs"),)


class MessageBot(BoltBot):
    """Gets messages over Socket Mode that begin with ``address``. Ready when it answers one."""

    address = ""
    ready_within = READY_SECONDS
    _asked_at = 0.0

    async def is_ready(self) -> bool:
        slack, channel = self.world.slack, self.world.channels[0]
        if any(post.user == slack.bot_user for post in slack.channels[channel].messages):
            return True
        if slack.sockets and time.monotonic() - self._asked_at > ASK_AGAIN_SECONDS:
            self._asked_at = time.monotonic()
            await self._say("ready", channel)
        return False

    async def prepare(self) -> None:
        await self.world.quiet()  # it may have been asked several times
        await super().prepare()

    async def type(self, run: int, number: int) -> Delivered:
        return await self._say(self.line(run, number), self.world.channels[run])

    async def _say(self, text: str, channel: str) -> Delivered:
        slack = self.world.slack
        post = slack.say(self.address + text, self.world.user, channel)
        return await slack.deliver(SOCKET, "events_api", slack.event(post, "message", channel_type="channel"))

    def variables(self) -> Mapping[str, str]:
        return {**super().variables(), "BASELINE_APP_TOKEN": self.world.slack.app_token}


class HubotBot(MessageBot):
    program = BoltJsBot.program
    address = "<@U0BOT> "

    def arguments(self) -> Sequence[str]:
        hubot = PACKAGES / "hubot" / "bin" / "Hubot.mjs"
        return (
            *(str(hubot), "--disable-httpd", "--file", str(FOLDER / "hubot" / "slack.mjs")),
            *("--require", str(FOLDER / "hubot" / "scripts")),
        )

    def variables(self) -> Mapping[str, str]:
        return {**super().variables(), "HUBOT_LOG_LEVEL": "error"}


class ErrbotBot(MessageBot):
    program = str(ERRBOT)
    address = "!"

    def arguments(self) -> Sequence[str]:
        return "-c", str(FOLDER / "errbot" / "errbot_config.py")

    def variables(self) -> Mapping[str, str]:
        self._folder = tempfile.TemporaryDirectory()
        return {**super().variables(), "BASELINE_FOLDER": self._folder.name}


OTHER_BOTS: Mapping[str, type[BoltBot]] = {"bolt-js": BoltJsBot, "hubot": HubotBot, "errbot": ErrbotBot}


def installed() -> Sequence[str]:
    node = shutil.which("node") is not None
    needed = {
        "bolt-js": node and (PACKAGES / "@slack" / "bolt").exists(),
        "hubot": node and (PACKAGES / "hubot").exists() and (PACKAGES / "@hubot-friends").exists(),
        "errbot": ERRBOT.exists(),
    }
    return [name for name in OTHER_BOTS if needed[name]]
