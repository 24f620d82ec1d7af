"""The HTTP routes that Mattermost calls. Each verifies, decodes, records and responds without using the network.

A command is verified by its token. A click and a dialog are verified by the data that we sealed into them
(``buttons``, ``dialogs``). A forged delivery gets 401 and is not recorded; an expired one gets 200 with the run's
current card.
"""

import hashlib
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

import structlog
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from adapters.toolkit.messages import in_language
from bot.surfaces.errors import NotRecorded
from bot.surfaces.malformed import MalformedDelivery, parsing, require_storable
from bot.surfaces.mattermost.buttons import QUERY, Buttons
from bot.surfaces.mattermost.driver import is_id
from bot.surfaces.mattermost.forms import FormOpener
from bot.surfaces.mattermost.people import UserDirectory
from bot.surfaces.mattermost.render import private_text
from bot.surfaces.mattermost.replies import SEND_TIMEOUT_SECONDS, PrivateReplies, needs_its_controls
from bot.surfaces.mattermost.request_body import (
    EMPTY_RESPONSE,
    RequestRejected,
    encode,
    parse_fields,
    parse_object,
    read_body,
)
from bot.surfaces.mattermost.signing import ForgedDelivery, Signer, is_known_token
from bot.surfaces.mattermost.submissions import Submissions
from bot.surfaces.mattermost.text import message_card
from bot.surfaces.protocol import Intake
from commands.model.card import Card, Code
from commands.model.intents import OpenForm
from commands.model.messages import Actor, Message, Place, ReplyRoute, Via

ANSWER_WAIT_SECONDS = 1.5

log = structlog.get_logger(__name__)
Json = dict[str, Any]


class InboundRoutes:
    """A direct channel's name consists of two user ids."""

    def __init__(
        self,
        *,
        tokens: tuple[str, ...],
        command: str,
        site: str,
        key_prefix: str,
        signer: Signer,
        buttons: Buttons,
        forms: FormOpener,
        replies: PrivateReplies,
        users: UserDirectory,
        now: Callable[[], datetime],
    ) -> None:
        self._tokens = tokens
        self._command = command
        self._site = site
        self._prefix = key_prefix
        self._buttons = buttons
        self._forms = forms
        self._replies = replies
        self._users = users
        self._now = now
        self._submissions = Submissions(signer, forms, site, command, self._key, now)
        self.intake: Intake | None = None

    def routes(self) -> list[Route]:
        return [
            Route("/mattermost/command", self._endpoint(self._on_command), methods=["POST"]),
            Route("/mattermost/action", self._endpoint(self._on_action), methods=["POST"]),
            Route("/mattermost/dialog", self._endpoint(self._submissions.on_submit), methods=["POST"]),
            Route("/mattermost/dialog/lookup", self._endpoint(self._submissions.on_lookup), methods=["POST"]),
            Route("/mattermost/dialog/refresh", self._endpoint(self._submissions.on_refresh), methods=["POST"]),
        ]

    def _endpoint(self, handler: "Callable[[Request, Intake], Any]") -> Callable[[Request], Any]:
        async def respond(request: Request) -> Response:
            if self.intake is None:
                return Response(status_code=503)
            try:
                result = await handler(request, self.intake)
            except RequestRejected as rejection:
                return Response(status_code=rejection.status)
            except MalformedDelivery as error:
                log.warning("mattermost delivery is malformed", path=request.url.path, error=str(error))
                return Response(status_code=400)
            except ForgedDelivery as error:
                log.warning("mattermost delivery rejected", path=request.url.path, error=str(error))
                return Response(status_code=401)
            return Response(result if isinstance(result, bytes) else encode(result), media_type="application/json")

        return respond

    # Commands

    async def _on_command(self, request: Request, intake: Intake) -> Json | bytes:
        body = await read_body(request)
        with parsing("command"):
            fields = parse_fields(body)
        scheme, _, header = request.headers.get("authorization", "").partition(" ")
        tokens = [
            token
            for token in (fields.get("token", ""), header.strip() if scheme.lower() == "token" else "")
            if token
        ]
        if not tokens or not all(is_known_token(token, self._tokens) for token in tokens):
            raise ForgedDelivery("the command token is missing or unknown")
        user, place = self._sender(fields, fields.get("root_id", ""))
        actor = Actor(surface="mattermost", id=user, handle=fields.get("user_name", ""))
        reply = ReplyRoute(url=fields.get("response_url", ""))
        trigger, text = fields.get("trigger_id", ""), fields.get("text", "").strip()
        form = intake.form_for_line(text) if trigger else None
        if form is not None:
            with in_language(intake.language_for(actor)):
                return self._command_response(await self._forms.open(form, actor, place, reply, trigger, intake))
        with parsing("command"):
            message = Message(
                key=self._key(trigger or f"{reply.url}:{user}:{place.channel}:{text}"),
                actor=actor,
                place=place,
                via=Via.COMMAND,
                at=self._now(),
                text=text,
                reply=reply,
            )
            require_storable(message)
        try:
            recorded = await intake.record(message, encode(self._command_response(None)))
        except NotRecorded:
            with in_language(intake.language_for(actor)):
                return self._command_response(self._not_recorded())
        if recorded.new:
            intake.process(message.key)
        return recorded.answer

    # Clicks

    async def _on_action(self, request: Request, intake: Intake) -> Json | bytes:
        content = await read_body(request)
        with parsing("click"):
            body = parse_object(content)
            user, place = self._sender(body, "")
            query = request.query_params.get(QUERY, "")
            press = self._buttons.read(body.get("context"), place, user, self._now(), query)
            actor = Actor(surface="mattermost", id=user, handle=str(body.get("user_name") or ""))
            post, trigger = str(body.get("post_id") or ""), str(body.get("trigger_id") or "")
            reply = ReplyRoute(url=press.url, post=post, details={"private": bool(press.person)})
            form = OpenForm.model_validate(press.intent) if press.intent.get("verb") == "form" else None
            message = Message(
                key=self._key(trigger or f"{press.nonce}:{post}:{user}"),
                actor=actor,
                place=press.place,
                via=Via.BUTTON,
                at=self._now(),
                intent=press.intent,
                reply=reply.model_copy(update={"waits": ANSWER_WAIT_SECONDS}),
            )
            require_storable(message)
        if press.expired:
            with in_language(intake.language_for(actor)):
                live_card = await intake.live_card(press.place, press.run, actor)
                return _click_response(live_card or message_card("expired", show=Code(f"{self._command} show")))
        if form is not None:
            with in_language(intake.language_for(actor)):
                return _click_response(await self._forms.open(form, actor, press.place, reply, trigger, intake))
        return await self._process_click(message, intake)

    async def _process_click(self, message: Message, intake: Intake) -> Json | bytes:
        language = intake.language_for(message.actor)
        try:
            recorded = await intake.record(message, encode(EMPTY_RESPONSE))
        except NotRecorded:
            with in_language(language):
                return _click_response(self._not_recorded())
        if not recorded.new:
            return recorded.answer
        intake.process(message.key)
        card = await intake.private_answer(message.key, ANSWER_WAIT_SECONDS)
        with in_language(language):
            closed = await self._replies.closed_question(message, card)
            if card is None and closed is None:
                return EMPTY_RESPONSE
            response = EMPTY_RESPONSE if card is None else await self._click_answer(message, card, intake)
        if closed is not None:
            response = {**response, "update": closed}
        await intake.store_answer(message.key, encode(response))
        return response

    async def _click_answer(self, message: Message, card: Card, intake: Intake) -> Json:
        """``ephemeral_text`` can't have buttons, and does not come from the bot."""
        needs_post = self._replies.posts_ephemerally or (needs_its_controls(card) and not card.shown_elsewhere)
        is_sent = needs_post and await intake.send_answer(message, card, SEND_TIMEOUT_SECONDS)
        return EMPTY_RESPONSE if is_sent else _click_response(card)

    # Shared

    def _sender(self, fields: Mapping[str, Any], thread: str) -> tuple[str, Place]:
        """The user id and place that a delivery names."""
        user, channel = str(fields.get("user_id") or ""), str(fields.get("channel_id") or "")
        if not user or not channel:
            raise ForgedDelivery("the delivery has no user or no channel")
        name = str(fields.get("channel_name") or "")
        user_ids = name.split("__")
        return user, Place(
            surface="mattermost",
            channel=channel,
            thread=thread if is_id(thread) else "",
            direct=len(user_ids) == 2 and self._users.me in user_ids,
            channel_name=name,
            site=self._site,
        )

    def _key(self, unique_part: str) -> str:
        """Hashes long parts: a trigger id has about 220 characters, and all of them matter."""
        if len(unique_part) > 64:
            unique_part = hashlib.sha256(unique_part.encode("utf-8", "replace")).hexdigest()
        return f"{self._prefix}{unique_part}"

    def _command_response(self, card: Card | None) -> Json:
        """Without buttons, because the sender's client receives the whole response, including their contexts."""
        text = private_text(card, {}) if card is not None else ""
        return {"response_type": "ephemeral", "text": text, "skip_slack_parsing": True, **self._users.sender()}

    def _not_recorded(self) -> Card:
        return message_card("not_recorded", show=Code(f"{self._command} show"))


def _click_response(card: Card | None) -> Json:
    if card is None:
        return EMPTY_RESPONSE
    return {"ephemeral_text": private_text(card, {}), "skip_slack_parsing": True}
