"""The dialogs that people submit, and those that ask for more fields because of what was chosen."""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from starlette.requests import Request

from adapters.toolkit.messages import in_language
from bot.surfaces.errors import NotRecorded
from bot.surfaces.malformed import parsing, require_storable
from bot.surfaces.mattermost.dialogs import DialogState, option_items, read_state, submitted_values
from bot.surfaces.mattermost.forms import SELECTED_FIELD, FormOpener
from bot.surfaces.mattermost.render import private_text
from bot.surfaces.mattermost.replies import SEND_TIMEOUT_SECONDS
from bot.surfaces.mattermost.request_body import EMPTY_RESPONSE, encode, parse_object, read_body
from bot.surfaces.mattermost.signing import Signer
from bot.surfaces.mattermost.text import translate_plain
from bot.surfaces.protocol import FieldErrors, Intake, SubmittedForm
from commands.model.card import Card
from commands.model.errors import CommandError
from commands.model.intents import Drop, OpenForm, Retry, Show
from commands.model.messages import Message, Via

_NOT_NEEDED = (OpenForm, Retry, Drop, Show)  # buttons, while the form itself can still be corrected
WAIT_SECONDS = 1.6  # of the 2 s in which a form has to show what became of it

Json = dict[str, Any]


class Submissions:
    """``key`` makes a delivery key of what is unique about a delivery."""

    def __init__(
        self,
        signer: Signer,
        forms: FormOpener,
        site: str,
        command: str,
        key: Callable[[str], str],
        now: Callable[[], datetime],
    ) -> None:
        self._signer = signer
        self._forms = forms
        self._site = site
        self._command = command
        self._key = key
        self._now = now

    async def on_submit(self, request: Request, intake: Intake) -> Json | bytes:
        state, values, cancelled = await self._read(request)
        if cancelled:
            return EMPTY_RESPONSE
        with in_language(intake.language_for(state.actor)):
            if state.expired:
                live_card = await intake.live_card(state.place, state.run, state.actor, in_place=False)
                return {"error": translate_plain("form_expired") + (f" {live_card.summary}" if live_card else "")}
            intent = intake.submit(SubmittedForm(state.about, state.run, values))
            if isinstance(intent, FieldErrors):
                return _errors_response(intent, values)
        return await self._process(state, values, intent, intake)

    async def on_refresh(self, request: Request, intake: Intake) -> Json:
        """A value was chosen that decides what else the form asks for (Mattermost 11.1)."""
        state, values, _ = await self._read(request)
        with in_language(intake.language_for(state.actor)):
            if state.expired:
                return {"error": translate_plain("form_expired")}
            try:
                return {"type": "form", "form": await self._forms.refresh(state, values, intake)}
            except CommandError as error:
                return {"error": private_text(intake.error_card(error.key, **error.facts), {})}

    async def on_lookup(self, request: Request, intake: Intake) -> Json:
        """Somebody types in a select that loads its options (Mattermost 11.0)."""
        state, values, _ = await self._read(request)
        if state.expired:
            return {"items": []}
        field, typed = values.get(SELECTED_FIELD, ""), values.get("query", "")
        with in_language(intake.language_for(state.actor)):
            found = await intake.search_options(state.about, state.run, field, typed, state.actor, state.place)
        return {"items": option_items(found)}

    async def _read(self, request: Request) -> tuple[DialogState, Mapping[str, str], bool]:
        content = await read_body(request)
        with parsing("form"):
            body = parse_object(content)
            state = read_state(self._signer, body, self._site, self._now())
            return state, submitted_values(body), bool(body.get("cancelled"))

    async def _process(
        self, state: DialogState, values: Mapping[str, str], intent: dict[str, Any], intake: Intake
    ) -> Json | bytes:
        """Waits for the outcome. A success closes the dialog, and a failure is an error in it. What was entered is
        in the key: a corrected form is another message, and the same one twice is a duplicate."""
        entered = hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()[:16]
        with parsing("form"):
            message = Message(
                key=self._key(f"{state.nonce}:{entered}"),
                actor=state.actor,
                place=state.place,
                via=Via.FORM,
                at=self._now(),
                intent=intent,
                reply=state.reply.model_copy(update={"waits": WAIT_SECONDS}),
            )
            require_storable(message)
        with in_language(intake.language_for(state.actor)):
            try:
                recorded = await intake.record(message, encode(EMPTY_RESPONSE))
            except NotRecorded:
                return {"error": translate_plain("not_recorded", show=f"{self._command} show")}
            if not recorded.new:
                return recorded.answer
            intake.process(message.key)
            card = await intake.private_answer(message.key, WAIT_SECONDS)
            response = EMPTY_RESPONSE if card is None else await self._show_outcome(message, card, intake)
        await intake.store_answer(message.key, encode(response))
        return response

    async def _show_outcome(self, message: Message, card: Card, intake: Intake) -> Json:
        if card.shown_elsewhere and not card.has_controls:
            return EMPTY_RESPONSE
        needs_no_button = all(isinstance(button.intent, _NOT_NEEDED) for button in card.buttons)
        if card.tone in ("warn", "bad") and needs_no_button:
            return {"error": private_text(replace(card, buttons=()), {})}
        is_sent = await intake.send_answer(message, card, SEND_TIMEOUT_SECONDS)
        return EMPTY_RESPONSE if is_sent else {"error": private_text(card, {})}


def _errors_response(errors: FieldErrors, values: Mapping[str, str]) -> Json:
    """An error of a field that the dialog does not have is shown above its button."""
    shown = {name: text for name, text in errors.errors.items() if name in values}
    general = " ".join(text for name, text in errors.errors.items() if name not in values)
    return {**({"errors": shown} if shown else {}), **({"error": general} if general else {})}
