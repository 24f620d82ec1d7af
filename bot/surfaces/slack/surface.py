"""Implements ``Surface`` for Slack."""

import asyncio
import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime

from slack_bolt.request.async_request import AsyncBoltRequest
from slack_bolt.response import BoltResponse
from slack_sdk.signature import Clock, SignatureVerifier
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from adapters.protocol import CheckResult
from bot.surfaces.options import SlackOptions
from bot.surfaces.protocol import (
    EPHEMERAL_FOR,
    ChatUnreachable,
    Intake,
    PostRef,
    Reception,
    SurfaceError,
    SurfaceState,
    TokenRejected,
)
from bot.surfaces.slack import health, home, render
from bot.surfaces.slack.bolt import DeliveryHandler
from bot.surfaces.slack.channels import ChannelDirectory
from bot.surfaces.slack.client import SlackClient, cancel_all
from bot.surfaces.slack.event_handler import EventHandler
from bot.surfaces.slack.forms import FormOpener
from bot.surfaces.slack.identity import Identity
from bot.surfaces.slack.inbound import DeliveryParser
from bot.surfaces.slack.manifest import EVENTS_PATH
from bot.surfaces.slack.people import UserDirectory
from bot.surfaces.slack.posting import ChannelPosts
from bot.surfaces.slack.reactions import ReactionReader
from bot.surfaces.slack.replies import PrivateReplies
from bot.surfaces.slack.socket import PROBE_SECONDS, SILENCE_SECONDS, SocketMode
from bot.surfaces.slack.unfurls import LinkUnfurler
from bot.surfaces.slack.workflow_steps import EXECUTION, StepCompletion
from commands.model.card import Button, Card, Text
from commands.model.intents import OpenForm
from commands.model.messages import Actor, Membership, Message, Place

log = logging.getLogger("liaison.slack")
IDENTITY = "identity"
IDENTIFY_WAIT_SECONDS = 2.0  # ``start`` waits this long for auth.test before it continues without
MAX_RETRY_SECONDS = 30.0
MAX_BODY_BYTES = 1_000_000  # Slack's deliveries are much smaller


class SlackSurface:
    """``command`` is the slash command ("/run"). Accepted messages can still be answered after ``stop``, which
    must then be called again to close the connections."""

    def __init__(
        self,
        options: SlackOptions,
        *,
        command: str,
        state: SurfaceState,
        now: Callable[[], datetime],
        probe_seconds: float = PROBE_SECONDS,
        silence_seconds: float = SILENCE_SECONDS,
        bots: Collection[str] = (),
    ) -> None:
        self._options = options
        self._bots = bots
        self._state = state
        self._now = now
        self._probe_seconds = probe_seconds
        self._identity = Identity()
        self._identified = False
        self._rejection = ""  # the error's code, if Slack does not accept the token
        self._last_received: datetime | None = None
        self._identify_attempted = asyncio.Event()
        self._background: set[asyncio.Task[None]] = set()
        token = options.bot_token.get_secret_value()
        self._client = SlackClient(token, options.api_url)
        self._posts = ChannelPosts(self._client)
        self._replies = PrivateReplies(self._client, self._posts)
        self._users = UserDirectory(self._client, lambda: self._identity, now)
        self._channels = ChannelDirectory(self._client)
        self._steps = StepCompletion(self._client)
        reactions = ReactionReader(self._client, options.reactions)
        events = EventHandler(
            lambda reaction: reactions.command(reaction, self._now()),
            LinkUnfurler(self._client, self._channels),
            self._steps if options.workflow_steps else None,
        )
        forms = FormOpener(self._client, self._replies)
        self._deliveries = DeliveryHandler(
            token,
            lambda: self._identity,
            self._new_parser,
            self._replies,
            forms,
            f"{command} show",
            self._channels.direct_channel,
            events,
        )
        app_token = options.app_token.get_secret_value() if options.app_token else ""
        self._socket_mode = (
            SocketMode(self._client, app_token, self._dispatch, probe_seconds, silence_seconds)
            if app_token
            else None
        )
        secret = options.signing_secret.get_secret_value() if options.signing_secret else ""
        self._verifier = SignatureVerifier(secret, _VerifierClock(now)) if secret.strip() else None
        self._wants_form: Callable[[str], OpenForm | None] = lambda _: None
        self._command_in: Callable[[str, str], str] = lambda before, after: ""

    @property
    def name(self) -> str:
        return "slack"

    @property
    def site(self) -> str:
        return ""  # no platform has its runs in Slack

    def routes(self) -> list[Route]:
        return [Route(EVENTS_PATH, self._on_delivery, methods=["POST"])]

    async def start(self, intake: Intake) -> None:
        """Does not need Slack to be up: the identity is requested again until there is a response."""
        if (stored := await self._state.get(IDENTITY)) is not None:
            self._set_identity(Identity.load(stored))
        self._wants_form, self._command_in = intake.form_for_line, intake.command_in
        self._deliveries.start(intake)
        self._background = {asyncio.create_task(self._probe_forever())}
        try:
            await asyncio.wait_for(self._identify_attempted.wait(), IDENTIFY_WAIT_SECONDS)
        except TimeoutError:
            log.warning("slack: no response to auth.test yet; starting without it")
        if self._socket_mode is not None:
            self._socket_mode.start()

    async def stop(self) -> None:
        self._deliveries.stop_accepting()
        if self._socket_mode is not None:
            await self._socket_mode.stop()
        await cancel_all(self._background)
        self._background = set()
        await self._deliveries.drain()
        await self._client.close()

    def ready(self) -> Mapping[str, bool]:
        sockets = {} if self._socket_mode is None else {"socket": self._socket_mode.ready}
        return {"identified": self._identified, **sockets}

    def reception(self) -> Reception:
        socket_problem = self._socket_mode.problem if self._socket_mode is not None else ""
        return Reception(self._last_received, health.problem(self._rejection, socket_problem))

    async def _probe_forever(self) -> None:
        delay = 1.0
        while True:
            if self._is_quiet():
                try:
                    await self._identify()
                except SurfaceError as error:
                    log.warning("slack: auth.test: %s", error)
                    retry_after = error.retry_after if isinstance(error, ChatUnreachable) else 0.0
                    await asyncio.sleep(max(delay, retry_after))
                    delay = min(delay * 2, MAX_RETRY_SECONDS)
                    continue
                finally:
                    self._identify_attempted.set()
            delay = 1.0
            await asyncio.sleep(self._probe_seconds)

    def _is_quiet(self) -> bool:
        """A delivery proves as much as a probe would, except that it does not say whether the token works."""
        if not self._identified or self._last_received is None:
            return True
        return (self._now() - self._last_received).total_seconds() >= self._probe_seconds

    async def _identify(self) -> None:
        try:
            response = await self._client.call("auth.test", self._client.web.auth_test())
        except TokenRejected as error:
            self._identified, self._rejection = False, error.code
            raise
        identity = Identity.from_auth_test(response)
        is_new = not self._identified or identity != self._identity
        self._set_identity(identity)
        self._identified, self._rejection = True, ""
        if is_new:
            await self._state.put(IDENTITY, identity.dump())

    def _set_identity(self, identity: Identity) -> None:
        self._identity = identity
        if identity.handle:
            self._client.invite = f"/invite @{identity.handle}"

    def _new_parser(self) -> DeliveryParser:
        return DeliveryParser(self._identity, self._now(), self._wants_form, self._bots, self._command_in)

    async def _on_delivery(self, request: Request) -> Response:
        body = b""
        async for chunk in request.stream():
            body += chunk
            if len(body) > MAX_BODY_BYTES:
                return Response(status_code=413)
        if not self._has_valid_signature(request, body):
            if _is_ssl_check(body):
                return Response()  # Slack only checks our certificate
            return Response('{"error": "invalid signature"}', 401, media_type="application/json")
        try:
            bolt = AsyncBoltRequest(body=body.decode(), headers=dict(request.headers))
        except (ValueError, TypeError, AttributeError, LookupError, RecursionError) as error:
            # Raised by Bolt for a body that is not a delivery.
            log.warning("slack: rejected a malformed delivery (%s)", type(error).__name__)
            return Response(status_code=400)
        response = await self._dispatch(bolt)
        return Response(response.body, response.status, headers=response.first_headers_without_set_cookie())

    async def _dispatch(self, request: AsyncBoltRequest) -> BoltResponse:
        self._last_received = self._now()
        return await self._deliveries.dispatch(request)

    def _has_valid_signature(self, request: Request, body: bytes) -> bool:
        """An HMAC over the raw body, at most 5 minutes old (Slack docs, "Verifying requests from Slack")."""
        timestamp = request.headers.get("x-slack-request-timestamp", "")
        signature = request.headers.get("x-slack-signature", "")
        if self._verifier is None or not timestamp.isdecimal() or not signature.isascii():
            return False
        try:
            return self._verifier.is_valid(body, timestamp, signature)
        except (ValueError, OverflowError):  # a body that is not UTF-8, or a timestamp of hundreds of digits
            return False

    async def post(self, place: Place, card: Card, *, nonce: str) -> PostRef:
        return await self._posts.post(place, render.card(card), nonce)

    async def edit(self, ref: PostRef, card: Card) -> None:
        await self._posts.edit(ref, render.card(card))

    async def find_post(self, place: Place, nonce: str) -> PostRef | None:
        return await self._posts.find(place, nonce)

    async def replace_with_pointer(self, ref: PostRef, to: PostRef) -> None:
        await self._posts.replace_with_pointer(ref, to)

    async def post_lines(
        self, place: Place, lines: Sequence[Text], *, buttons: Sequence[Button] = (), nonce: str
    ) -> PostRef:
        return await self._posts.post(place, render.lines(lines, buttons), nonce)

    async def edit_lines(self, ref: PostRef, lines: Sequence[Text], *, buttons: Sequence[Button] = ()) -> None:
        await self._posts.edit(ref, render.lines(lines, buttons))

    async def send_private(
        self, message: Message, card: Card, *, nonce: str = "", may_exist: bool = False
    ) -> None:
        if execution := str(message.reply.details.get(EXECUTION) or ""):
            await self._steps.complete(execution, card)
            return
        is_late = self._now() - message.at > EPHEMERAL_FOR
        actor, place, route = message.actor, message.place, message.reply
        await self._replies.send(actor, place, route, card, is_late=is_late, nonce=nonce, may_exist=may_exist)

    async def send_notice(self, person: Actor, place: Place, card: Card, *, nonce: str) -> None:
        await self._replies.send_notice(person, place, card, nonce=nonce)

    async def send_direct(self, person: Actor, card: Card, *, nonce: str, may_exist: bool = False) -> None:
        await self._replies.send_direct(person, card, nonce=nonce, may_exist=may_exist)

    async def react(self, ref: PostRef, emoji: str, *, on: bool = True) -> None:
        await self._posts.react(ref, emoji, on=on)

    async def publish_home(self, person: Actor, place: Place, card: Card) -> None:
        request = self._client.web.views_publish(user_id=person.id, view=home.home_view(card, place))
        await self._client.call("views.publish", request)

    async def profile(self, actor: Actor) -> Actor:
        return await self._users.profile(actor)

    async def find_people(self, query: str, near: Place) -> Sequence[Actor]:
        return await self._users.find(query)

    async def can_see(self, actor: Actor, place: Place) -> bool:
        return await self._channels.can_see(actor, place)

    async def is_in_channel(self, actor: Actor, place: Place) -> bool:
        return await self._channels.is_in_channel(actor, place)

    async def is_public(self, place: Place) -> bool:
        return await self._channels.is_public(place)

    async def members(self, place: Place, most: int) -> Sequence[Actor]:
        found: list[Actor] = []
        async for id in self._channels.members(place.channel):
            person = await self._users.profile(Actor(surface="slack", workspace=place.workspace, id=id))
            if person.membership is not Membership.BOT:
                found.append(person)
            if len(found) == most:
                break
        return found

    async def shared_channels(self, actor: Actor) -> Sequence[Place]:
        return await self._channels.shared_channels(actor)

    async def channels_named(self, name: str) -> Sequence[str] | None:
        """Listing channels takes scopes that nothing else needs."""
        return None

    async def check(self, *, in_use: bool = False) -> Sequence[CheckResult]:
        try:
            return await health.check(self._client, self._options, in_use=in_use)
        finally:
            if not self._background:  # called without ``start``, by ``liaison doctor``
                await self._client.close()


def _is_ssl_check(body: bytes) -> bool:
    """A certificate check, which carries only a legacy token (Slack docs, "Implementing slash commands")."""
    return not body.startswith(b"{") and b"ssl_check=1" in body.split(b"&")


class _VerifierClock(Clock):
    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now

    def now(self) -> float:
        return self._now().timestamp()
