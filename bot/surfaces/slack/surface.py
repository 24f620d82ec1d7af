"""The Slack surface: its parts put together."""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from slack_bolt.request.async_request import AsyncBoltRequest
from slack_sdk.signature import Clock, SignatureVerifier
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from adapters.protocol import CheckResult
from bot.surfaces.options import SlackOptions
from bot.surfaces.protocol import ChatUnreachable, Intake, PostRef, SurfaceError, SurfaceState
from bot.surfaces.slack import health as doctor
from bot.surfaces.slack import render
from bot.surfaces.slack.bolt import Deliveries
from bot.surfaces.slack.client import Client, settle
from bot.surfaces.slack.forms import Forms
from bot.surfaces.slack.identity import Identity
from bot.surfaces.slack.inbound import Reader
from bot.surfaces.slack.manifest import PATH
from bot.surfaces.slack.people import People
from bot.surfaces.slack.posting import Posts
from bot.surfaces.slack.replies import Replies
from bot.surfaces.slack.socket import Sockets
from commands.model.card import Button, Card, Text
from commands.model.intents import OpenForm
from commands.model.messages import Actor, Message, Place

log = logging.getLogger("liaison.slack")
IDENTITY = "identity"
FIRST_ANSWER = 2.0  # seconds that a start waits for auth.test before it goes on without
LONGEST_PAUSE = 30.0
BODY = 1_000_000  # bytes; Slack's own deliveries stay far below


class SlackSurface:
    """``command`` is the slash command ("/run"). After ``stop`` what was accepted can still be answered; whoever
    does that ends it with another ``stop``."""

    def __init__(
        self, options: SlackOptions, *, command: str, notes: SurfaceState, now: Callable[[], datetime]
    ) -> None:
        self._options = options
        self._notes = notes
        self._now = now
        self._me = Identity()
        self._identified = False
        self._tried = asyncio.Event()
        self._background: set[asyncio.Task[None]] = set()
        token = options.bot_token.get_secret_value()
        self._client = Client(token, options.api_url)
        self._posts = Posts(self._client)
        self._replies = Replies(self._client)
        self._people = People(self._client, lambda: self._me, now)
        forms = Forms(self._client, self._replies)
        self._deliveries = Deliveries(
            token, lambda: self._me, self._reader, self._replies, forms, f"{command} show"
        )
        app_token = options.app_token.get_secret_value() if options.app_token else ""
        self._sockets = Sockets(self._client, app_token, self._deliveries.dispatch) if app_token else None
        secret = options.signing_secret.get_secret_value() if options.signing_secret else ""
        self._verifier = SignatureVerifier(secret, _Clock(now)) if secret.strip() else None
        self._wants_form: Callable[[str], OpenForm | None] = lambda _: None

    @property
    def name(self) -> str:
        return "slack"

    @property
    def site(self) -> str:
        return ""  # no platform keeps its runs in Slack

    @property
    def edit_interval(self) -> float:
        return 1.0  # about one message a second and channel

    def routes(self) -> list[Route]:
        return [Route(PATH, self._http, methods=["POST"])]

    async def start(self, intake: Intake) -> None:
        """Starts also while Slack is down: what is needed from it is asked again until it comes."""
        if (noted := await self._notes.get(IDENTITY)) is not None:
            self._be(Identity.load(noted))
        self._wants_form = intake.form_for_line
        self._deliveries.open(intake)
        self._background = {asyncio.create_task(self._identify())}
        try:
            await asyncio.wait_for(self._tried.wait(), FIRST_ANSWER)
        except TimeoutError:
            log.warning("slack: no answer to auth.test yet; going on without")
        if self._sockets is not None:
            self._sockets.start()

    async def stop(self) -> None:
        self._deliveries.close()
        if self._sockets is not None:
            await self._sockets.stop()
        await settle(self._background)
        self._background = set()
        await self._deliveries.drain()
        await self._client.close()

    def ready(self) -> Mapping[str, bool]:
        sockets = {} if self._sockets is None else {"socket": self._sockets.ready}
        return {"identified": self._identified, **sockets}

    async def _identify(self) -> None:
        pause = 1.0
        while not self._identified:
            try:
                told = await self._client.call("auth.test", self._client.web.auth_test())
            except SurfaceError as error:
                log.warning("slack: auth.test: %s", error)
                self._tried.set()
                wanted = error.retry_after if isinstance(error, ChatUnreachable) else 0.0
                await asyncio.sleep(max(pause, wanted))
                pause = min(pause * 2, LONGEST_PAUSE)
                continue
            self._be(Identity.told(told))
            self._identified = True
            self._tried.set()
            await self._notes.put(IDENTITY, self._me.dump())

    def _be(self, me: Identity) -> None:
        self._me = me
        if me.handle:
            self._client.invite = f"/invite @{me.handle}"

    def _reader(self) -> Reader:
        return Reader(self._me, self._now(), self._wants_form)

    async def _http(self, request: Request) -> Response:
        body = b""
        async for chunk in request.stream():
            body += chunk
            if len(body) > BODY:
                return Response(status_code=413)
        if not self._signed(request, body):
            if _is_ssl_check(body):
                return Response()  # Slack looks at our certificate; there is nothing in it to carry out
            return Response('{"error": "invalid signature"}', 401, media_type="application/json")
        try:
            bolt = AsyncBoltRequest(body=body.decode(), headers=dict(request.headers))
        except (ValueError, TypeError, AttributeError):  # Bolt, on something that is no delivery
            return Response(status_code=400)
        response = await self._deliveries.dispatch(bolt)
        return Response(response.body, response.status, headers=response.first_headers_without_set_cookie())

    def _signed(self, request: Request, body: bytes) -> bool:
        """docs.slack.dev/authentication/verifying-requests-from-slack: HMAC of the raw body, at most 5 min old."""
        timestamp = request.headers.get("x-slack-request-timestamp", "")
        signature = request.headers.get("x-slack-signature", "")
        if self._verifier is None or not timestamp.isdecimal() or not signature.isascii():
            return False
        try:
            return self._verifier.is_valid(body, timestamp, signature)
        except (ValueError, OverflowError):  # a body that is not UTF-8; a time of hundreds of digits
            return False

    async def post(self, place: Place, card: Card, *, nonce: str) -> PostRef:
        return await self._posts.post(place, render.card(card), nonce)

    async def edit(self, ref: PostRef, card: Card) -> None:
        await self._posts.edit(ref, render.card(card))

    async def find_post(self, place: Place, nonce: str) -> PostRef | None:
        return await self._posts.find(place, nonce)

    async def replace_with_pointer(self, ref: PostRef, to: PostRef) -> None:
        await self._posts.point(ref, to)

    async def post_lines(
        self, place: Place, lines: Sequence[Text], *, buttons: Sequence[Button] = (), nonce: str
    ) -> PostRef:
        return await self._posts.post(place, render.lines(lines, buttons), nonce)

    async def edit_lines(self, ref: PostRef, lines: Sequence[Text], *, buttons: Sequence[Button] = ()) -> None:
        await self._posts.edit(ref, render.lines(lines, buttons))

    async def send_private(self, message: Message, card: Card) -> None:
        await self._replies.send(message.actor, message.place, message.reply, card)

    async def profile(self, actor: Actor) -> Actor:
        return await self._people.profile(actor)

    async def find_people(self, words: str, near: Place) -> Sequence[Actor]:
        return await self._people.find(words)

    async def check(self) -> Sequence[CheckResult]:
        try:
            return await doctor.check(self._client, self._options)
        finally:
            if not self._background:  # asked by itself, not of a running surface
                await self._client.close()


def _is_ssl_check(body: bytes) -> bool:
    """docs.slack.dev/interactivity/implementing-slash-commands: sent now and then, with only a legacy token."""
    return not body.startswith(b"{") and b"ssl_check=1" in body.split(b"&")


class _Clock(Clock):
    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now

    def now(self) -> float:
        return self._now().timestamp()
