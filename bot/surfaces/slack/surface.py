"""Implements ``Surface`` for Slack."""

import asyncio
import logging
from collections.abc import Callable, Collection, Coroutine, Mapping, Sequence
from datetime import datetime
from typing import Any

from pydantic import SecretStr
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_bolt.response import BoltResponse
from starlette.routing import Route

from adapters.protocol import CheckResult
from bot.surfaces.errors import ChatUnreachable, InvalidSetting, SurfaceError
from bot.surfaces.options import SlackOptions
from bot.surfaces.protocol import (
    EPHEMERAL_FOR,
    Duties,
    InstallationRows,
    Intake,
    PostRef,
    Reception,
    SurfaceState,
)
from bot.surfaces.slack import health, home, render
from bot.surfaces.slack.bolt import DeliveryHandler
from bot.surfaces.slack.client import SlackClient, cancel_all
from bot.surfaces.slack.http_route import HttpRoute
from bot.surfaces.slack.identity import Identity
from bot.surfaces.slack.inbound import DeliveryParser
from bot.surfaces.slack.installations import Installations
from bot.surfaces.slack.manifest import EVENTS_PATH
from bot.surfaces.slack.oauth import InstallRoutes
from bot.surfaces.slack.reactions import read_reaction
from bot.surfaces.slack.socket import PROBE_SECONDS, SILENCE_SECONDS, SocketMode
from bot.surfaces.slack.workflow_steps import EXECUTION
from bot.surfaces.slack.workspace import Workspace
from bot.surfaces.slack.workspaces import Workspaces
from commands.model.card import Button, Card, Text
from commands.model.intents import OpenForm
from commands.model.messages import Actor, Membership, Message, PersonGroup, Place

log = logging.getLogger("liaison.slack")
IDENTIFY_WAIT_SECONDS = 2.0  # ``start`` waits this long for auth.test before it continues without
MAX_RETRY_SECONDS = 30.0


class SlackSurface:
    """``command`` is the slash command ("/run"). Accepted messages can still be answered after ``stop``, which
    must then be called again to close the connections. ``installations`` stores the workspaces that install the
    app, if ``options`` have a client id."""

    def __init__(
        self,
        options: SlackOptions,
        *,
        command: str,
        state: SurfaceState,
        now: Callable[[], datetime],
        duties: Duties,
        probe_seconds: float = PROBE_SECONDS,
        silence_seconds: float = SILENCE_SECONDS,
        bots: Collection[str] = (),
        installations: InstallationRows | None = None,
        public_url: str = "",
    ) -> None:
        self._options = options
        self._bots = bots
        self._now = now
        self._probe_seconds = probe_seconds
        self._public_url = public_url
        self._last_received: datetime | None = None
        self._identify_attempted = asyncio.Event()
        self._background: set[asyncio.Task[None]] = set()
        self._app = SlackClient("", options.api_url)  # for what needs no workspace
        self._installations = (
            Installations(installations, options.encryption_keys, options.workspaces, now)
            if installations is not None and options.client_id
            else None
        )
        self._workspaces = Workspaces(options, state, now, self._installations, self._on_added)
        self._deliveries = DeliveryHandler(self._workspaces, self._new_parser, f"{command} show")
        self._http = HttpRoute(_value(options.signing_secret), now, self._dispatch)
        self._routes = [Route(EVENTS_PATH, self._http.on_delivery, methods=["POST"])]
        if options.client_id and self._installations is not None:
            self._routes += InstallRoutes(
                client_id=options.client_id,
                client_secret=_value(options.client_secret),
                api_url=options.api_url,
                public_url=public_url,
                command=command,
                now=now,
                install=self._workspaces.install,
            ).routes()
        app_token = _value(options.app_token)
        self._socket_mode = (
            SocketMode(self._app, app_token, self._dispatch, probe_seconds, silence_seconds, duties)
            if app_token
            else None
        )
        self._wants_form: Callable[[str], OpenForm | None] = lambda _: None
        self._command_in: Callable[[str, str], str] = lambda before, after: ""

    @property
    def name(self) -> str:
        return "slack"

    @property
    def site(self) -> str:
        return ""  # no platform has its runs in Slack

    def routes(self) -> list[Route]:
        return self._routes

    async def start(self, intake: Intake) -> None:
        """Does not need Slack to be up: identities are requested again until there is a response."""
        await self._workspaces.load()
        self._wants_form, self._command_in = intake.form_for_line, intake.command_in
        self._deliveries.start(intake)
        for workspace in self._workspaces.all():
            self._spawn(self._probe_forever(workspace))
        if self._background:
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
        await cancel_all(set(self._background))
        await self._deliveries.drain()
        await self._close()

    async def _close(self) -> None:
        await self._workspaces.close()
        await self._app.close()

    def ready(self) -> Mapping[str, bool]:
        parts = {} if self._socket_mode is None else {"socket": self._socket_mode.ready}
        if self._workspaces.own is not None:
            parts["identified"] = self._workspaces.own.identified
        installed = {
            f"workspace {id}": workspace.identified for id, workspace in self._workspaces.installed.items()
        }
        return {**parts, **installed}

    def reception(self) -> Reception:
        socket_problem = self._socket_mode.problem if self._socket_mode is not None else ""
        sockets = self._socket_mode.connected if self._socket_mode is not None else None
        own = self._workspaces.own
        problem = health.problem(own.rejection if own else "", socket_problem)
        left_to_others = self._socket_mode is not None and self._socket_mode.left_to_others
        return Reception(self._last_received, problem, sockets, left_to_others)

    async def use_tokens(self, secrets: Mapping[str, str]) -> bool:
        own, token = self._workspaces.own, secrets.get("bot_token", "")
        is_new = self._socket_mode is not None and self._socket_mode.use_token(secrets.get("app_token", ""))
        if own is None or not own.use_token(token):
            return is_new
        try:
            await self._workspaces.identify(own)
        except SurfaceError as error:  # the probe goes on asking
            log.warning("slack: auth.test: %s", error)
        return True

    def _on_added(self, workspace: Workspace) -> None:
        """A workspace installed the app."""
        if self._background or self._workspaces.own is None:
            self._spawn(self._probe_forever(workspace))

    async def _probe_forever(self, workspace: Workspace) -> None:
        delay = 1.0
        while workspace in self._workspaces.all():
            if self._is_quiet(workspace):
                try:
                    await self._workspaces.identify(workspace)
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

    def _is_quiet(self, workspace: Workspace) -> bool:
        """A delivery proves as much as a probe would, except that it does not say whether the token works."""
        if not workspace.identified or self._last_received is None:
            return True
        return (self._now() - self._last_received).total_seconds() >= self._probe_seconds

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._background.add(task)
        task.add_done_callback(self._background.discard)

    def _new_parser(self, identity: Identity) -> DeliveryParser:
        reads = (self._wants_form, self._bots, self._command_in)
        return DeliveryParser(identity, self._now(), *reads, reactions=self._options.reactions)

    async def _dispatch(self, request: AsyncBoltRequest) -> BoltResponse:
        self._last_received = self._now()
        return await self._deliveries.dispatch(request)

    def _of(self, where: Place | Actor) -> Workspace:
        return self._workspaces.of(where.workspace)

    async def post(self, place: Place, card: Card, *, nonce: str) -> PostRef:
        return await self._of(place).posts.post(place, render.card(card), nonce)

    async def edit(self, ref: PostRef, card: Card) -> None:
        await self._of(ref.place).posts.edit(ref, render.card(card))

    async def find_post(self, place: Place, nonce: str) -> PostRef | None:
        return await self._of(place).posts.find(place, nonce)

    async def replace_with_pointer(self, ref: PostRef, to: PostRef) -> None:
        await self._of(ref.place).posts.replace_with_pointer(ref, to)

    async def post_lines(
        self, place: Place, lines: Sequence[Text], *, buttons: Sequence[Button] = (), nonce: str
    ) -> PostRef:
        return await self._of(place).posts.post(place, render.lines(lines, buttons), nonce)

    async def edit_lines(self, ref: PostRef, lines: Sequence[Text], *, buttons: Sequence[Button] = ()) -> None:
        await self._of(ref.place).posts.edit(ref, render.lines(lines, buttons))

    async def send_private(
        self, message: Message, card: Card, *, nonce: str = "", may_exist: bool = False
    ) -> None:
        if execution := str(message.reply.details.get(EXECUTION) or ""):
            await self._of(message.place).steps.complete(execution, card)
            return
        is_late = self._now() - message.at > EPHEMERAL_FOR
        actor, place, route = message.actor, message.place, message.reply
        replies = self._of(place).replies
        await replies.send(actor, place, route, card, is_late=is_late, nonce=nonce, may_exist=may_exist)

    async def send_notice(
        self, person: Actor, place: Place, card: Card, *, nonce: str, may_exist: bool = False
    ) -> None:
        await self._of(person).replies.send_notice(person, place, card, nonce=nonce, may_exist=may_exist)

    async def send_direct(self, person: Actor, card: Card, *, nonce: str, may_exist: bool = False) -> None:
        await self._of(person).replies.send_direct(person, card, nonce=nonce, may_exist=may_exist)

    async def react(self, ref: PostRef, emoji: str, *, on: bool = True) -> None:
        await self._of(ref.place).posts.react(ref, emoji, on=on)

    async def read_reaction(self, message: Message) -> Message | None:
        return await read_reaction(self._of(message.place).client, message)

    async def publish_home(self, person: Actor, place: Place, card: Card) -> None:
        client = self._of(person).client
        request = client.web.views_publish(user_id=person.id, view=home.home_view(card, place))
        await client.call("views.publish", request)

    async def profile(self, actor: Actor) -> Actor:
        return await self._of(actor).users.profile(actor)

    async def find_people(self, query: str, near: Place) -> Sequence[Actor]:
        return await self._of(near).users.find(query, near.team)

    async def group(self, name: str, near: Place, most: int) -> PersonGroup | None:
        return await self._of(near).users.group(name, near.team, most)

    async def can_see(self, actor: Actor, place: Place) -> bool:
        return await self._of(place).channels.can_see(actor, place)

    async def is_in_channel(self, actor: Actor, place: Place) -> bool:
        return await self._of(place).channels.is_in_channel(actor, place)

    async def is_public(self, place: Place) -> bool:
        return await self._of(place).channels.is_public(place)

    async def members(self, place: Place, most: int) -> Sequence[Actor]:
        found: list[Actor] = []
        async for id in self._of(place).channels.members(place.channel):
            person = await self._of(place).users.profile(Actor(surface="slack", workspace=place.workspace, id=id))
            if person.membership is not Membership.BOT:
                found.append(person)
            if len(found) == most:
                break
        return found

    async def shared_channels(self, actor: Actor, near: Place) -> Sequence[Place]:
        return await self._of(actor).channels.shared_channels(actor, near)

    async def channels_named(self, name: str) -> Sequence[str] | None:
        """Listing channels takes scopes that nothing else needs."""
        return None

    async def check(self, *, in_use: bool = False) -> Sequence[CheckResult]:
        is_started = bool(self._background)
        try:
            if not is_started:  # called by ``liaison doctor``
                await self._workspaces.load()
            workspaces = await health.check_workspaces(self._workspaces, self._installations, self._public_url)
            return [*workspaces, *await health.check_delivery(self._app, self._options, in_use=in_use)]
        except InvalidSetting as error:
            return [health.invalid_setting(error)]
        finally:
            if not is_started:
                await self._close()


def _value(secret: SecretStr | None) -> str:
    return secret.get_secret_value() if secret is not None else ""
