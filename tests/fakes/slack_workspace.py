"""A Slack workspace as the tests set it up and look at it: its people, channels and what was posted."""

import asyncio
import itertools
import time
from collections.abc import Callable
from typing import Any, TypeVar

from aiohttp import web

from adapters.testing.fake_server import Fake
from tests.fakes.rate_limits import RateLimits
from tests.fakes.slack_state import Channel, HomePage, Modal, Posted

SCOPES = (
    "app_mentions:read,channels:history,channels:read,chat:write,commands,groups:history,groups:read,"
    "im:history,im:read,im:write,mpim:history,mpim:read,reactions:read,reactions:write,usergroups:read,users:read,users:read.email"
)
Result = TypeVar("Result")


class SlackWorkspace(Fake):
    """People see ``posts``, ``ephemerals`` and ``modals``. ``trigger_life`` is in seconds."""

    def __init__(self) -> None:
        super().__init__()
        self.token = "xoxb-1-fake"
        self.app_token = "xapp-1-fake"
        self.token_error = ""  # such as "token_revoked"
        self.signing_secret = "8f742231b10e8888abcd99yyyzzz85a5"
        self.team = "T1"
        self.bot_user = "U0BOT"
        self.bot_id = "B0BOT"
        self.scopes = SCOPES
        self.trigger_life = 3.0
        self.edit_seconds = 1e9  # the workspace's time limit for edits; Slack's default is none
        self.rate_limits = RateLimits()
        self.reactions: dict[tuple[str, str], set[str]] = {}  # (channel, ts) -> the bot's
        self.users: dict[str, dict[str, Any]] = {}
        self.groups: dict[str, tuple[str, list[str]]] = {}  # id -> (handle, users)
        self.channels: dict[str, Channel] = {}
        self.ephemerals: list[Posted] = []
        self._pressed: dict[str, str] = {}  # response_url id -> ts of the message with the button
        self.modals: dict[str, Modal] = {}
        self.homes: dict[str, HomePage] = {}  # by user
        self.sockets: list[web.WebSocketResponse] = []
        self.deaf: list[web.WebSocketResponse] = []  # stay open, answer pings and deliver nothing
        self.executions: dict[str, str] = {}  # of workflow steps: the output "run", or "error: …"; empty: not over
        self.linkified: list[str] = []  # calls without parse "none"
        self.link_disabled = False  # Socket Mode is switched off
        self.envelopes: dict[str, asyncio.Future[Any]] = {}
        self._triggers: dict[str, tuple[str, float]] = {}
        self._responses: dict[str, tuple[str, str, str, list[float]]] = {}
        self._numbers = itertools.count(1)
        self._changed = asyncio.Event()
        self.add_user(self.bot_user, "liaison", is_bot=True)

    # Set up by tests

    def add_user(self, id: str, name: str, *, email: str = "", **fields: Any) -> str:
        """``fields`` of the user object, such as ``is_restricted=True``, ``tz="Europe/Lisbon"``,
        ``locale="pt-BR"``."""
        profile = {"display_name": name, "real_name": name.title(), **({"email": email} if email else {})}
        self.users[id] = {
            "id": id,
            "team_id": self.team,
            "name": name,
            "profile": profile,
            "locale": "en-US",
            **fields,
        }
        return id

    def add_channel(
        self, id: str, name: str, *, members: tuple[str, ...] = (), bot: bool = True, private: bool = False
    ) -> Channel:
        everybody = {*members, *([self.bot_user] if bot else [])}
        self.channels[id] = Channel(id, name, everybody, private=private)
        return self.channels[id]

    @property
    def posts(self) -> list[Posted]:
        """Every message in every channel, in the order they were posted."""
        return sorted(
            (item for channel in self.channels.values() for item in channel.messages), key=lambda p: p.ts
        )

    @property
    def bot_posts(self) -> list[Posted]:
        """The messages that the bot posted."""
        return [post for post in self.posts if post.user == self.bot_user]

    def new_ts(self) -> str:
        return f"{int(time.time())}.{next(self._numbers):06d}"

    def new_trigger(self, user: str) -> str:
        trigger = f"{next(self._numbers)}.{next(self._numbers)}.fake"
        self._triggers[trigger] = (user, time.monotonic())
        return trigger

    def new_response_url(self, channel: str, user: str, pressed: Posted | None = None) -> str:
        """``pressed``: the message whose button was pressed, which an answer can replace."""
        id = f"R{next(self._numbers)}"
        if pressed is not None:
            self._pressed[id] = pressed.ts
        self._responses[id] = (channel, user, "", [])
        return f"{self.url}/response/{id}"

    async def until(self, predicate: Callable[[], Result], timeout: float = 30.0) -> Result:
        """Waits until ``predicate()`` is truthy, and returns what it returned."""
        deadline = time.monotonic() + timeout
        while not (found := predicate()):
            if time.monotonic() > deadline:
                raise AssertionError(
                    f"still waiting after {timeout} s; posts: {[post.visible_text for post in self.posts]}"
                )
            self._changed.clear()
            try:  # the predicate may depend on something outside the fake
                await asyncio.wait_for(self._changed.wait(), 0.1)
            except TimeoutError:
                continue
        return found

    async def wait_for_private(self, text: str) -> Posted:
        """Waits for a private answer that contains the text, and returns the newest one."""
        return (await self.until(lambda: [item for item in self.ephemerals if text in item.visible_text]))[-1]

    async def wait_for_post(self, text: str) -> Posted:
        """Waits for a message of the bot that contains the text, and returns the newest one."""
        return (await self.until(lambda: [item for item in self.bot_posts if text in item.visible_text]))[-1]
