"""The Bolt application: receives verified deliveries, records and acknowledges them.

Bolt reads the requests and answers Slack's own checks of our address. It has no listeners: it would run one for
an event only after its ack, which is too late to record anything, and it polls for the ack of any other every
10 ms. The network is not used before the ack. Bolt's request verification and self filter, which would log whole
bodies or look up the bot, are switched off in favour of our own.
"""

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

from slack_bolt.app.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_bolt.response import BoltResponse

from adapters.toolkit.messages import in_language
from bot.surfaces.errors import NotRecorded, SurfaceError
from bot.surfaces.malformed import MalformedDelivery, parsing
from bot.surfaces.protocol import FieldErrors, Intake
from bot.surfaces.slack import controls, elements, views
from bot.surfaces.slack.deliveries import (
    OUTCOME_WAIT_SECONDS,
    Delivery,
    FormRequest,
    FormSubmission,
    Ignored,
    NewMessage,
    NotIdentified,
    OptionSearch,
    Uninstalled,
    UnreadableButton,
)
from bot.surfaces.slack.identity import Identity
from bot.surfaces.slack.inbound import DeliveryParser
from bot.surfaces.slack.text import translate, translate_plain
from bot.surfaces.slack.workspace import Workspace
from bot.surfaces.slack.workspaces import Workspaces
from commands.model.card import Button, Card, Option, Text
from commands.model.intents import Begin, Finish
from commands.model.messages import Actor, Place, ReplyRoute
from commands.text.catalogue import plain_text

log = logging.getLogger("liaison.slack")
DIRECT_CHANNEL_SECONDS = 1.0  # a trigger is valid for three


class DeliveryHandler:
    """``new_parser`` returns a parser for the present time and an identity. ``show_command`` is shown to people
    whose message may be lost ("/run show")."""

    def __init__(
        self, workspaces: Workspaces, new_parser: Callable[[Identity], DeliveryParser], show_command: str
    ) -> None:
        self._workspaces = workspaces
        self._new_parser = new_parser
        self._show_command = show_command
        self._intake: Intake | None = None
        self._accepting = False
        self._tasks: set[asyncio.Task[None]] = set()
        self.app = self._build()

    def start(self, intake: Intake) -> None:
        self._intake = intake
        self._accepting = True

    def stop_accepting(self) -> None:
        """Rejects new deliveries with 503. Recorded messages are still processed."""
        self._accepting = False

    async def drain(self) -> None:
        """Waits for work that follows earlier acks, such as forms that are being opened."""
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def dispatch(self, request: AsyncBoltRequest) -> BoltResponse:
        if not self._accepting:
            return BoltResponse(status=503)
        if _is_for_bolt(request.body):
            return await self.app.async_dispatch(request)
        try:
            with parsing("slack delivery"):
                workspace = self._workspaces.of_delivery(request.context)
                if workspace is None:
                    return _not_installed(request)
                delivery = self._new_parser(workspace.identity).parse(request.body)
        except NotIdentified:
            return BoltResponse(status=503)
        except MalformedDelivery as error:
            log.warning("slack: rejected a malformed delivery (%s)", error)
            return BoltResponse(status=400)
        if isinstance(delivery, Ignored):
            return BoltResponse(status=200)  # Bolt has its own ideas of its fields
        if isinstance(delivery, Uninstalled):
            return await self._uninstall(delivery, workspace)
        return await self._record_delivery(delivery, workspace, request.body)

    def _build(self) -> AsyncApp:
        async def authorize() -> AuthorizeResult:
            return AuthorizeResult(enterprise_id=None, team_id=None)

        return AsyncApp(
            name="liaison",
            logger=logging.getLogger("liaison.slack.bolt"),
            authorize=authorize,
            request_verification_enabled=False,
            ignoring_self_events_enabled=False,
            attaching_function_token_enabled=False,
        )

    async def _record_delivery(
        self, delivery: Delivery, workspace: Workspace, body: dict[str, Any]
    ) -> BoltResponse:
        intake = self._intake
        if intake is None:
            return BoltResponse(status=503)
        if isinstance(delivery, FormSubmission):
            with in_language(intake.language_for(delivery.draft.actor)):
                return await self._submit(delivery, intake, body)
        if isinstance(delivery, OptionSearch):
            return BoltResponse(status=200, body={"options": await _options(delivery, intake)})
        accepted = await workspace.events.accept(delivery, intake, self._spawn)
        if isinstance(accepted, int):
            return BoltResponse(status=accepted)
        if isinstance(accepted, NewMessage):
            response = await self._record_message(accepted, intake, body)
            if response is not None:
                return response
        self._process(accepted, intake)
        return BoltResponse(status=200, body="")

    async def _submit(self, delivery: FormSubmission, intake: Intake, body: dict[str, Any]) -> BoltResponse:
        """Waits for the outcome. A success that everybody sees closes the form; anything else is shown in it."""
        intent = intake.submit(delivery.submitted)
        if isinstance(intent, FieldErrors):
            return BoltResponse(status=200, body=views.errors_response(delivery.view, intent.errors))
        submitted = _submitted_message(delivery, intent)
        response = await self._record_message(submitted, intake, body)
        if response is not None:
            return response
        key = submitted.message.key
        intake.process(key)
        card = await intake.private_answer(key, OUTCOME_WAIT_SECONDS)
        if card is None or (card.shown_elsewhere and not card.has_controls):
            return BoltResponse(status=200, body="")
        shown = json.dumps(views.outcome_response(delivery.view, card))
        await intake.store_answer(key, shown.encode())
        return BoltResponse(status=200, body=shown)

    async def _uninstall(self, delivery: Uninstalled, workspace: Workspace) -> BoltResponse:
        try:
            await self._workspaces.uninstalled(workspace, delivery)
        except NotRecorded:
            return BoltResponse(status=503)  # Slack sends it again
        return BoltResponse(status=200)

    async def _record_message(
        self, delivery: NewMessage, intake: Intake, body: dict[str, Any]
    ) -> BoltResponse | None:
        """The response, if the delivery ends here: it is a duplicate, or it could not be recorded."""
        try:
            recorded = await intake.record(delivery.message, b"")
        except NotRecorded:
            with in_language(intake.language_for(delivery.message.actor)):
                return self._not_recorded(delivery, body)
        return None if recorded.new else BoltResponse(status=200, body=recorded.answer.decode())

    def _not_recorded(self, delivery: NewMessage, body: dict[str, Any]) -> BoltResponse:
        """Slack retries an event. It does not retry a command, click or form, so the person has to be told."""
        if delivery.slack_retries:
            return BoltResponse(status=503)
        text = translate("not_recorded", show=self._show_command)
        if body.get("type") == "view_submission":
            return BoltResponse(
                status=200, body=views.errors_response(body.get("view") or {}, {"": plain_text(text)})
            )
        message = delivery.message
        if body.get("type") is not None:  # Slack only shows the response body of a command
            self._spawn(self._reply(message.actor, message.place, message.reply, _error_card(text)))
        return BoltResponse(status=200, body={"response_type": "ephemeral", "text": plain_text(text)})

    def _process(self, delivery: Delivery, intake: Intake) -> None:
        match delivery:
            case NewMessage(message=message):
                intake.process(message.key)
                if delivery.trigger or delivery.view:
                    self._spawn(self._show_in_modal(delivery, intake))
            case FormRequest():
                self._spawn(self._open_form(delivery, intake))
            case UnreadableButton(actor=actor, place=place, reply=reply, key=key):
                with in_language(intake.language_for(actor)):
                    text = translate(key, show=self._show_command)
                    self._spawn(self._reply(actor, place, reply, _error_card(text)))

    async def _open_form(self, request: FormRequest, intake: Intake) -> None:
        """A global shortcut is used in no channel, so what it starts is answered in the direct one."""
        workspace = self._workspaces.of(request.actor.workspace)
        if request.place.channel == request.actor.id:
            with suppress(SurfaceError, TimeoutError):
                async with asyncio.timeout(DIRECT_CHANNEL_SECONDS):
                    channel = await workspace.channels.direct_channel(request.actor)
                    place = request.place.model_copy(update={"channel": channel})
                    request = replace(request, place=place)
        await workspace.forms.open(request, intake)

    async def _reply(self, actor: Actor, place: Place, route: ReplyRoute, card: Card) -> None:
        await self._workspaces.of(actor.workspace).replies.send(actor, place, route, card)

    async def _show_in_modal(self, delivery: NewMessage, intake: Intake) -> None:
        """The answer to a button of the home page or of a modal, if it is ready while the trigger is valid."""
        message = delivery.message
        card = await intake.private_answer(message.key, OUTCOME_WAIT_SECONDS)
        intake.home_pressed(message.actor)
        with in_language(intake.language_for(message.actor)):
            forms = self._workspaces.of(message.actor.workspace).forms
            if delivery.view:
                await forms.show_answer(card, message, delivery.view, intake)
            elif card is not None and not card.shown_elsewhere:  # or else the page itself shows it
                await forms.open_card(card, message, delivery.trigger, intake)

    def _spawn(self, work: Awaitable[None]) -> None:
        task = asyncio.ensure_future(_log_failure(work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _not_installed(request: AsyncBoltRequest) -> BoltResponse:
    """Only the person who typed a command can be told without a token."""
    log.warning("slack: a delivery from %s, which is not served", request.context.team_id)
    if not str(request.body.get("command") or ""):
        return BoltResponse(status=200)
    text = translate_plain("not_installed")
    return BoltResponse(status=200, body={"response_type": "ephemeral", "text": text})


async def _log_failure(work: Awaitable[None]) -> None:
    try:
        await work
    except SurfaceError as error:  # no route to this person is left, and nothing was recorded
        log.warning("slack: could not send a private answer: %s", error)


async def _options(search: OptionSearch, intake: Intake) -> list[dict[str, Any]]:
    with in_language(intake.language_for(search.actor)):
        found = await intake.search_options(
            search.about,
            search.run,
            search.field,
            search.typed,
            search.actor,
            search.place,
            on_card=search.on_card,
        )
    if search.on_card:
        return _commands(search, found)
    options: list[dict[str, Any]] = elements.options_response(found)["options"]
    return options


def _commands(search: OptionSearch, tasks: Sequence[Option]) -> list[dict[str, Any]]:
    """Each option begins or finishes a task."""
    kind = Finish if search.about == "finish" else Begin
    buttons = [Button(task.label, kind(run=search.run, tasks=(task.value,))) for task in tasks]
    found: list[dict[str, Any]] = controls.options_response(buttons)["options"]
    return found


def _error_card(text: Text) -> Card:
    return Card(title=text, summary=plain_text(text), tone="bad")


def _submitted_message(delivery: FormSubmission, intent: dict[str, Any]) -> NewMessage:
    link = delivery.draft.link
    if link and intent.get("link") == "":
        intent = {**intent, "link": link}
    reply = delivery.draft.reply.model_copy(update={"waits": OUTCOME_WAIT_SECONDS})
    return NewMessage(delivery.draft.model_copy(update={"intent": intent, "reply": reply}))


def _is_for_bolt(body: Mapping[str, Any]) -> bool:
    """Slack's own checks of our address, which Bolt answers."""
    return body.get("type") == "url_verification" or "ssl_check" in body
