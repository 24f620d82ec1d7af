"""Implements ``Surface`` for Mattermost."""

import math
import secrets
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from functools import partial

from starlette.routing import Route

from adapters.protocol import CheckResult
from bot.surfaces.mattermost import health
from bot.surfaces.mattermost.buttons import Buttons
from bot.surfaces.mattermost.channels import ChannelDirectory
from bot.surfaces.mattermost.driver import MattermostApi
from bot.surfaces.mattermost.features import FeatureCache
from bot.surfaces.mattermost.forms import FormOpener
from bot.surfaces.mattermost.inbound import InboundRoutes
from bot.surfaces.mattermost.listener import Listener
from bot.surfaces.mattermost.people import UserDirectory
from bot.surfaces.mattermost.posting import ChannelPosts
from bot.surfaces.mattermost.render import Renderer
from bot.surfaces.mattermost.replies import PrivateReplies
from bot.surfaces.mattermost.seen_posts import SeenPosts
from bot.surfaces.mattermost.signing import Signer
from bot.surfaces.mattermost.transport import ApiError
from bot.surfaces.mattermost.websocket import PING_SECONDS
from bot.surfaces.options import MattermostOptions
from bot.surfaces.protocol import Duties, Duty, Intake, PostRef, Reception, SurfaceState
from commands.model.card import Button, Card, Text
from commands.model.messages import Actor, Message, PersonGroup, Place

LOST_SECONDS = 10.0  # without a connection, until another replica tries


class MattermostSurface:
    """``public_url`` is where the Mattermost server reaches our routes. ``secret_key`` signs buttons and dialogs.

    Places and actors have no workspace, because ids are unique across the site's teams.
    """

    def __init__(
        self,
        options: MattermostOptions,
        *,
        command: str,
        public_url: str,
        secret_key: bytes,
        state: SurfaceState,
        now: Callable[[], datetime],
        duties: Duties,
        probe_seconds: float = PING_SECONDS,
        bots: Collection[str] = (),
    ) -> None:
        self._options = options
        self._command = command
        self._public_url = public_url.rstrip("/")
        self._now = now
        self._probe_seconds = probe_seconds
        self._api = MattermostApi(options.url, options.token.get_secret_value())
        prefix = f"mattermost:{self._api.host}:"
        signer = Signer(secret_key)
        self._users = UserDirectory(self._api, options.team or "", prefix, bots)
        self._channels = ChannelDirectory(self._api, self._users.bot_channels)
        buttons = Buttons(signer, f"{self._public_url}/mattermost/action")
        renderer = Renderer(buttons, lambda: self._api.server_version)
        features = FeatureCache(self._api, now)
        self._posts = ChannelPosts(self._api, self._users, renderer, features, now)
        self._replies = PrivateReplies(
            self._api, self._users, renderer, self._posts, features, self._channels, now
        )
        self._forms = FormOpener(self._api, signer, f"{self._public_url}/mattermost/dialog", now)
        self._seen_posts = SeenPosts(state, f"mattermost/{self._api.host}/heard")
        self._duties = duties
        self._duty: Duty | None = None
        self._listener: Listener | None = None
        self._inbound = InboundRoutes(
            tokens=tuple(token.get_secret_value() for token in options.command_tokens),
            command=command,
            site=self._api.url,
            key_prefix=prefix,
            signer=signer,
            buttons=buttons,
            forms=self._forms,
            replies=self._replies,
            users=self._users,
            now=now,
        )

    @property
    def name(self) -> str:
        return "mattermost"

    @property
    def site(self) -> str:
        return self._api.url

    def routes(self) -> list[Route]:
        """They return 503 until ``start``."""
        return self._inbound.routes()

    async def start(self, intake: Intake) -> None:
        """Returns immediately. Connecting is retried until it works; ``ready`` shows the state."""
        self._inbound.intake = intake
        self._duty = self._duties.take_on(partial(self._listen, intake), "mattermost websocket")

    async def _listen(self, intake: Intake) -> None:
        """Returns if another replica may be able to connect, when this one cannot."""
        listener = Listener(
            self._api,
            self._api.token,
            self._seen_posts,
            self._users.account,
            intake,
            self._now,
            self._probe_seconds,
        )
        self._listener = listener
        listener.start()
        try:
            await listener.wait_until_lost(LOST_SECONDS if self._duties.has_others else math.inf)
        finally:
            await listener.stop()
            self._listener = None

    async def stop(self) -> None:
        """Stops receiving. Posting still works, so that accepted messages can be answered."""
        self._inbound.intake = None
        if self._duty is not None:
            await self._duty.give_up()
            self._duty = None

    async def use_tokens(self, secrets: Mapping[str, str]) -> bool:
        token = secrets.get("token", "")
        if token in ("", self._api.token):
            return False
        self._api.use_token(token)
        if self._listener is not None:
            self._listener.use_token(token)
        return True

    def ready(self) -> Mapping[str, bool]:
        return {"websocket": self._left_to_others or (self._listener is not None and self._listener.is_live)}

    @property
    def _left_to_others(self) -> bool:
        return self._duty is not None and self._duty.left_to_others

    def reception(self) -> Reception:
        if self._listener is None:
            return Reception(sockets=0, left_to_others=self._left_to_others)
        problem = health.problem(self._api.url, self._listener.rejection)
        return Reception(self._listener.last_received, problem, int(self._listener.is_live))

    async def post(self, place: Place, card: Card, *, nonce: str) -> PostRef:
        return await self._posts.post_card(place, card, nonce)

    async def edit(self, ref: PostRef, card: Card) -> None:
        await self._posts.edit_card(ref, card)

    async def find_post(self, place: Place, nonce: str) -> PostRef | None:
        return await self._posts.find(place, nonce)

    async def replace_with_pointer(self, ref: PostRef, to: PostRef) -> None:
        await self._posts.replace_with_pointer(ref, to)

    async def post_lines(
        self, place: Place, lines: Sequence[Text], *, buttons: Sequence[Button] = (), nonce: str
    ) -> PostRef:
        return await self._posts.post_lines(place, lines, buttons, nonce)

    async def edit_lines(self, ref: PostRef, lines: Sequence[Text], *, buttons: Sequence[Button] = ()) -> None:
        await self._posts.edit_lines(ref, lines, buttons)

    async def send_private(
        self, message: Message, card: Card, *, nonce: str = "", may_exist: bool = False
    ) -> None:
        await self._replies.send(message, card, nonce=nonce or secrets.token_hex(12), may_exist=may_exist)

    async def send_notice(
        self, person: Actor, place: Place, card: Card, *, nonce: str, may_exist: bool = False
    ) -> None:
        """A bot's account may not post ephemerally, so it is a direct message."""
        await self._replies.send_direct(person, card, nonce=nonce, may_exist=may_exist)

    async def send_direct(self, person: Actor, card: Card, *, nonce: str, may_exist: bool = False) -> None:
        await self._replies.send_direct(person, card, nonce=nonce, may_exist=may_exist)

    async def react(self, ref: PostRef, emoji: str, *, on: bool = True) -> None:
        await self._posts.react(ref, emoji, on=on)

    async def profile(self, actor: Actor) -> Actor:
        try:
            return await self._users.profile(actor)
        except ApiError as error:
            if error.status == 404:
                return actor
            raise

    async def find_people(self, query: str, near: Place) -> Sequence[Actor]:
        try:
            return await self._users.find(query)
        except ApiError as error:
            if error.status in (400, 404):
                return ()
            raise

    async def group(self, name: str, near: Place, most: int) -> PersonGroup | None:
        return await self._users.group(name, most)

    async def can_see(self, actor: Actor, place: Place) -> bool:
        return await self._channels.can_see(actor, place)

    async def is_in_channel(self, actor: Actor, place: Place) -> bool:
        return await self._channels.is_in_channel(actor, place)

    async def is_public(self, place: Place) -> bool:
        return await self._channels.is_public(place)

    async def members(self, place: Place, most: int) -> Sequence[Actor]:
        return await self._users.members(place.channel, most)

    async def shared_channels(self, actor: Actor, near: Place) -> Sequence[Place]:
        return await self._channels.shared_channels(actor, near)

    async def channels_named(self, name: str) -> Sequence[str] | None:
        return await self._users.channels_named(name)

    async def check(self, *, in_use: bool = False) -> Sequence[CheckResult]:
        return await health.check(
            self._api,
            team=self._options.team or "",
            tokens=len(self._options.command_tokens),
            command=self._command,
            public_url=self._public_url,
        )
