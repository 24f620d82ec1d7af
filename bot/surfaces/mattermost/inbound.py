"""The three routes that Mattermost calls. Verify, decode, record, answer; nothing over the network before that.

A command is proved by its token. A click and a form are proved by what we sealed into them (``buttons``,
``dialogs``): forged is 401 and leaves no trace, too old is 200 with how things are now.
"""

import hashlib
import json
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs

import structlog
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bot.surfaces.mattermost.buttons import Buttons, Press
from bot.surfaces.mattermost.dialogs import Sent, read_state, values_of
from bot.surfaces.mattermost.driver import is_id
from bot.surfaces.mattermost.forms import Forms
from bot.surfaces.mattermost.render import private_text
from bot.surfaces.mattermost.replies import Replies
from bot.surfaces.mattermost.signing import Forged, Signer, same_token
from bot.surfaces.mattermost.text import card, words
from bot.surfaces.protocol import FieldErrors, Intake, NotRecorded, SubmittedForm, SurfaceError
from commands.model.card import Card, Code
from commands.model.intents import OpenForm
from commands.model.messages import Actor, Message, Place, ReplyRoute, Via

OUTCOME_SECONDS = 1.5
_LARGEST_BODY = 2**20
_MOST_FIELDS = 100  # a command has fifteen

log = structlog.get_logger(__name__)
Json = dict[str, Any]
NOTHING: Json = {}


class Refused(Exception):
    def __init__(self, status: int) -> None:
        self.status = status
        super().__init__(str(status))


class Inbound:
    """``me`` tells our own user id once it is known (a direct channel is named after its two people)."""

    def __init__(
        self,
        *,
        tokens: tuple[str, ...],
        command: str,
        site: str,
        key_prefix: str,
        signer: Signer,
        buttons: Buttons,
        forms: Forms,
        replies: Replies,
        me: Callable[[], str],
        now: Callable[[], datetime],
    ) -> None:
        self._tokens = tokens
        self._command = command
        self._site = site
        self._prefix = key_prefix
        self._signer = signer
        self._buttons = buttons
        self._forms = forms
        self._replies = replies
        self._me = me
        self._now = now
        self.intake: Intake | None = None

    def routes(self) -> list[Route]:
        return [
            Route("/mattermost/command", self._guarded(self._on_command), methods=["POST"]),
            Route("/mattermost/action", self._guarded(self._on_action), methods=["POST"]),
            Route("/mattermost/dialog", self._guarded(self._on_dialog), methods=["POST"]),
        ]

    def _guarded(self, take: "Callable[[Request, Intake], Any]") -> Callable[[Request], Any]:
        async def answer(request: Request) -> Response:
            if self.intake is None:
                return Response(status_code=503)
            try:
                said = await take(request, self.intake)
            except Refused as refused:
                return Response(status_code=refused.status)
            except Forged as error:
                log.warning("mattermost delivery refused", path=request.url.path, why=str(error))
                return Response(status_code=401)
            return Response(said if isinstance(said, bytes) else _bytes(said), media_type="application/json")

        return answer

    # Commands

    async def _on_command(self, request: Request, intake: Intake) -> Json | bytes:
        body = await _body(request)
        form = _form(body)
        scheme, _, header = request.headers.get("authorization", "").partition(" ")
        given = [
            token
            for token in (form.get("token", ""), header.strip() if scheme.lower() == "token" else "")
            if token
        ]
        if not given or not all(same_token(token, self._tokens) for token in given):
            raise Forged("no command token of ours")
        user, place = self._sender(form, form.get("root_id", ""))
        actor = Actor(surface="mattermost", id=user, handle=form.get("user_name", ""))
        reply = ReplyRoute(url=form.get("response_url", ""))
        trigger, text = form.get("trigger_id", ""), form.get("text", "").strip()
        wanted = intake.form_for_line(text) if trigger else None
        if wanted is not None:
            return _slash(await self._forms.open(wanted, actor, place, reply, trigger, intake))
        message = Message(
            key=self._key(trigger or f"{reply.url}:{user}:{place.channel}:{text}"),
            actor=actor,
            place=place,
            via=Via.COMMAND,
            at=self._now(),
            text=text,
            reply=reply,
        )
        try:
            recorded = await intake.record(message, _bytes(_slash(None)))
        except NotRecorded:
            return _slash(self._not_recorded())
        if recorded.new:
            intake.process(message.key)
        return recorded.answer

    # Clicks

    async def _on_action(self, request: Request, intake: Intake) -> Json | bytes:
        body = _object(await _body(request))
        user, place = self._sender(body, "")
        press = self._buttons.read(body.get("context"), place, user, self._now())
        actor = Actor(surface="mattermost", id=user, handle=str(body.get("user_name") or ""))
        post, trigger = str(body.get("post_id") or ""), str(body.get("trigger_id") or "")
        if press.expired:
            present = await intake.live_card(press.place, press.run)
            return _ephemeral(present or card("expired", show=Code(f"{self._command} show")))
        reply = ReplyRoute(url=press.url, post=post, details={"private": bool(press.person)})
        if press.intent.get("verb") == "form":
            wanted = OpenForm.model_validate(press.intent)
            return _ephemeral(await self._forms.open(wanted, actor, press.place, reply, trigger, intake))
        message = Message(
            key=self._key(trigger or f"{press.nonce}:{post}:{user}"),
            actor=actor,
            place=press.place,
            via=Via.BUTTON,
            at=self._now(),
            intent=press.intent,
            reply=reply,
        )
        return await self._carry_click(message, press, intake)

    async def _carry_click(self, message: Message, press: Press, intake: Intake) -> Json | bytes:
        try:
            recorded = await intake.record(message, _bytes(NOTHING))
        except NotRecorded:
            return _ephemeral(self._not_recorded())
        if not recorded.new:
            return recorded.answer
        intake.process(message.key)
        said = await intake.private_answer(message.key, OUTCOME_SECONDS)
        if said is None:
            return NOTHING
        elsewhere = said.buttons and not said.shown_elsewhere and await self._said_elsewhere(message, said)
        answer = NOTHING if elsewhere else _ephemeral(said)
        await intake.store_answer(message.key, _bytes(answer))
        return answer

    async def _said_elsewhere(self, message: Message, said: Card) -> bool:
        """``ephemeral_text`` holds no buttons: a choice goes where buttons can stand. False: it could not."""
        try:
            await self._replies.whisper_soon(message, said)
        except (SurfaceError, TimeoutError) as error:
            log.warning("mattermost answer without its buttons", why=str(error) or type(error).__name__)
            return False
        return True

    # Forms

    async def _on_dialog(self, request: Request, intake: Intake) -> Json | bytes:
        body = _object(await _body(request))
        sent = read_state(self._signer, body, self._site, self._now())
        if body.get("cancelled"):
            return NOTHING
        if sent.expired:
            present = await intake.live_card(sent.place, sent.run)
            return {"error": words("form_expired") + (f" {present.summary}" if present else "")}
        checked = intake.submit(SubmittedForm(sent.about, sent.run, values_of(body)))
        if isinstance(checked, FieldErrors):
            return {"errors": dict(checked.errors)}
        return await self._carry_form(sent, checked, intake)

    async def _carry_form(self, sent: Sent, intent: dict[str, Any], intake: Intake) -> Json | bytes:
        """The dialog closes at once. What comes of it is told by card, trace and ``whisper``: an error here would
        keep the dialog open, and its second submission is the same delivery."""
        message = Message(
            key=self._key(sent.nonce),
            actor=sent.actor,
            place=sent.place,
            via=Via.FORM,
            at=self._now(),
            intent=intent,
            reply=sent.reply,
        )
        try:
            recorded = await intake.record(message, _bytes(NOTHING))
        except NotRecorded:
            return {"error": words("not_recorded", show=f"{self._command} show")}
        if recorded.new:
            intake.process(message.key)
        return recorded.answer

    # All of them

    def _sender(self, said: Mapping[str, Any], thread: str) -> tuple[str, Place]:
        """The person and place that a delivery names."""
        user, channel = str(said.get("user_id") or ""), str(said.get("channel_id") or "")
        if not user or not channel:
            raise Forged("it names no person or no channel")
        name = str(said.get("channel_name") or "")
        people = name.split("__")
        return user, Place(
            surface="mattermost",
            channel=channel,
            thread=thread if is_id(thread) else "",
            direct=len(people) == 2 and self._me() in people,
            channel_name=name,
            site=self._site,
        )

    def _key(self, own: str) -> str:
        """A trigger id has some 220 characters, all of which are needed to tell it from others: its digest."""
        short = own if len(own) <= 64 else hashlib.sha256(own.encode("utf-8", "replace")).hexdigest()
        return f"{self._prefix}{short}"

    def _not_recorded(self) -> Card:
        return card("not_recorded", show=Code(f"{self._command} show"))


def _slash(said: Card | None) -> Json:
    """Never with buttons: this answer shows its sender everything that is in it."""
    text = private_text(said, {}) if said is not None else ""
    return {"response_type": "ephemeral", "text": text, "skip_slack_parsing": True}


def _ephemeral(said: Card | None) -> Json:
    if said is None:
        return NOTHING
    return {"ephemeral_text": private_text(said, {}), "skip_slack_parsing": True}


def _bytes(said: Json) -> bytes:
    return json.dumps(said, ensure_ascii=False).encode()


def _form(body: bytes) -> dict[str, str]:
    try:
        fields = parse_qs(body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=_MOST_FIELDS)
    except ValueError as error:
        raise Refused(400) from error
    return {name: values[-1] for name, values in fields.items()}


def _object(body: bytes) -> Json:
    try:
        said = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise Refused(400) from error
    if not isinstance(said, dict):
        raise Refused(400)
    return said


async def _body(request: Request) -> bytes:
    """Anybody may call: nothing large is read."""
    body = b""
    async for piece in request.stream():
        body += piece
        if len(body) > _LARGEST_BODY:
            raise Refused(413)
    return body
