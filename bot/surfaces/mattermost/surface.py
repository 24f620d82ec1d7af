"""Mattermost as the engine sees it."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from starlette.routing import Route

from adapters.protocol import CheckResult
from bot.surfaces.mattermost import health as doctor
from bot.surfaces.mattermost.buttons import Buttons
from bot.surfaces.mattermost.driver import ApiError, Site
from bot.surfaces.mattermost.forms import Forms
from bot.surfaces.mattermost.inbound import Inbound
from bot.surfaces.mattermost.listener import Listener
from bot.surfaces.mattermost.people import People
from bot.surfaces.mattermost.posting import Posting
from bot.surfaces.mattermost.render import Renderer
from bot.surfaces.mattermost.replies import Replies
from bot.surfaces.mattermost.seen_posts import SeenPosts
from bot.surfaces.mattermost.signing import Signer
from bot.surfaces.options import MattermostOptions
from bot.surfaces.protocol import Intake, PostRef, SurfaceState
from commands.model.card import Button, Card, Text
from commands.model.messages import Actor, Message, Place


class MattermostSurface:
    """``public_url`` is where the Mattermost server reaches our routes; ``secret_key`` signs what it brings back.

    Places and actors have no workspace: ids are the site's own, whichever team they are seen from.
    """

    def __init__(
        self,
        options: MattermostOptions,
        *,
        command: str,
        public_url: str,
        secret_key: bytes,
        notes: SurfaceState,
        now: Callable[[], datetime],
    ) -> None:
        self._options = options
        self._command = command
        self._public_url = public_url.rstrip("/")
        self._now = now
        self._site = Site(options.url, options.token.get_secret_value())
        prefix = f"mattermost:{self._site.host}:"
        signer = Signer(secret_key)
        self._people = People(self._site, options.team or "", prefix)
        buttons = Buttons(signer, f"{self._public_url}/mattermost/action")
        renderer = Renderer(buttons)
        self._posting = Posting(self._site, self._people, renderer, now)
        self._replies = Replies(self._site, self._people, renderer, self._posting, now)
        self._forms = Forms(self._site, signer, self._replies, f"{self._public_url}/mattermost/dialog", now)
        self._memory = SeenPosts(notes, f"mattermost/{self._site.host}/heard")
        self._listener: Listener | None = None
        self._inbound = Inbound(
            tokens=tuple(token.get_secret_value() for token in options.command_tokens),
            command=command,
            site=self._site.url,
            key_prefix=prefix,
            signer=signer,
            buttons=buttons,
            forms=self._forms,
            replies=self._replies,
            me=lambda: self._people.me,
            now=now,
        )

    @property
    def name(self) -> str:
        return "mattermost"

    @property
    def site(self) -> str:
        return self._site.url

    @property
    def edit_interval(self) -> float:
        return 1.0  # 10 requests a second in all, where a limit is set

    def routes(self) -> list[Route]:
        """503 until ``start``."""
        return self._inbound.routes()

    async def start(self, intake: Intake) -> None:
        """Returns at once: an unreachable Mattermost is tried again until it answers, and ``ready`` says so."""
        self._inbound.intake = intake
        token = self._options.token.get_secret_value()
        url = self._site.websocket_url
        self._listener = Listener(self._site, url, token, self._memory, self._people.ear, intake, self._now)
        self._listener.start()

    async def stop(self) -> None:
        """Posting and answering go on working: what was accepted is still answered."""
        self._inbound.intake = None
        if self._listener is not None:
            await self._listener.stop()
            self._listener = None
        await self._forms.close()

    def ready(self) -> Mapping[str, bool]:
        return {"websocket": self._listener is not None and self._listener.live}

    async def post(self, place: Place, card: Card, *, nonce: str) -> PostRef:
        return await self._posting.card(place, card, nonce)

    async def edit(self, ref: PostRef, card: Card) -> None:
        await self._posting.edit_card(ref, card)

    async def find_post(self, place: Place, nonce: str) -> PostRef | None:
        return await self._posting.find(place, nonce)

    async def replace_with_pointer(self, ref: PostRef, to: PostRef) -> None:
        await self._posting.point(ref, to)

    async def post_lines(
        self, place: Place, lines: Sequence[Text], *, buttons: Sequence[Button] = (), nonce: str
    ) -> PostRef:
        return await self._posting.lines(place, lines, buttons, nonce)

    async def edit_lines(self, ref: PostRef, lines: Sequence[Text], *, buttons: Sequence[Button] = ()) -> None:
        await self._posting.edit_lines(ref, lines, buttons)

    async def send_private(self, message: Message, card: Card) -> None:
        await self._replies.whisper(message, card)

    async def profile(self, actor: Actor) -> Actor:
        try:
            return await self._people.profile(actor)
        except ApiError as error:
            if error.status == 404:
                return actor
            raise

    async def find_people(self, words: str, near: Place) -> Sequence[Actor]:
        try:
            return await self._people.find(words)
        except ApiError as error:
            if error.status in (400, 404):
                return ()
            raise

    async def check(self) -> Sequence[CheckResult]:
        return await doctor.check(
            self._site,
            team=self._options.team or "",
            tokens=len(self._options.command_tokens),
            command=self._command,
            public_url=self._public_url,
        )
