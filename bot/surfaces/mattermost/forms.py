"""Opens a form as a dialog while the trigger is valid. Opening a form is not a message and is not recorded."""

import asyncio
import secrets
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

import structlog

from bot.surfaces.errors import SurfaceError
from bot.surfaces.mattermost.dialogs import (
    DialogFeatures,
    DialogState,
    build_dialog,
    dialog_features,
    loads_options,
    state_of,
)
from bot.surfaces.mattermost.driver import MattermostApi
from bot.surfaces.mattermost.signing import Signer
from bot.surfaces.mattermost.text import message_card, translate_plain
from bot.surfaces.protocol import Intake
from commands.model.card import Button, Card, Form, Menu, Option
from commands.model.errors import CommandError
from commands.model.intents import OpenForm
from commands.model.messages import Actor, Message, Place, ReplyRoute, Via

OPEN_SECONDS = 1.0
SELECTED_FIELD = "selected_field"  # the server adds the name of the field that asks, among the values

log = structlog.get_logger(__name__)


class FormOpener:
    def __init__(
        self,
        api: MattermostApi,
        signer: Signer,
        dialog_url: str,
        now: Callable[[], datetime],
    ) -> None:
        self._api = api
        self._signer = signer
        self._url = dialog_url
        self._now = now

    async def open(
        self, request: OpenForm, actor: Actor, place: Place, reply: ReplyRoute, trigger: str, intake: Intake
    ) -> Card | None:
        """Returns None if the dialog is open or the person gets another private answer, else a card to show."""
        try:
            async with asyncio.timeout(OPEN_SECONDS):
                form = await intake.open_form(request, actor, place)
                options = await self._options(form, actor, place, intake)
                if menu := self._menu_first(form, request, options):
                    return await self._send_or_return(menu, actor, place, reply, intake)
                dialog = self._dialog(form, options, actor, place, reply)
                await self._api.open_dialog({"trigger_id": trigger, "url": self._url, "dialog": dialog})
        except CommandError as error:
            refusal = replace(intake.error_card(error.key, **error.facts), buttons=error.buttons)
            return await self._send_or_return(refusal, actor, place, reply, intake)
        except (SurfaceError, TimeoutError) as error:
            log.warning("mattermost dialog not opened", error=str(error) or type(error).__name__)
            open_again = Button(translate_plain("again"), request)
            card = replace(message_card("not_opened"), buttons=(open_again,))
            if not reply.url:
                return message_card("not_opened_press")
            return await self._send_or_return(card, actor, place, reply, intake)
        return None

    async def refresh(self, state: DialogState, values: Mapping[str, str], intake: Intake) -> dict[str, Any]:
        """The dialog again, with what its values ask for. The client shows it in place of the one it has."""
        fill = {name: value for name, value in values.items() if value and name != SELECTED_FIELD}
        request = OpenForm.model_validate({"about": state.about, "run": state.run, "fill": fill})
        form = await intake.open_form(request, state.actor, state.place, in_place=False)
        options = await self._options(form, state.actor, state.place, intake)
        return self._dialog(form, options, state.actor, state.place, state.reply)

    async def _options(self, form: Form, actor: Actor, place: Place, intake: Intake) -> dict[str, list[Option]]:
        """Of the search fields whose options are sent with the dialog, by name."""
        options: dict[str, list[Option]] = {}
        for field in form.fields:
            if loads_options(field, self._features):
                continue
            if field.kind == "search" and (field.refreshes or not field.options):
                found = list(await intake.search_options(form.about, form.run, field.name, "", actor, place))
                known = {option.value for option in found}
                options[field.name] = [*found, *(option for option in field.options if option.value not in known)]
        return options

    def _menu_first(self, form: Form, request: OpenForm, options: Mapping[str, list[Option]]) -> Card | None:
        """On a server whose dialogs do not refresh: the choice that decides what else the form asks for."""
        field = next((field for field in form.fields if field.refreshes and not field.value), None)
        if field is None or self._features.refresh_url:
            return None
        choices = tuple(
            Button(option.label, request.model_copy(update={"fill": {**request.fill, field.name: option.value}}))
            for option in options.get(field.name, field.options)
        )
        menu = Menu(f"{field.label}…", choices)
        return Card(title=(form.title,), summary=form.title, menu=menu) if choices else None

    @property
    def _features(self) -> DialogFeatures:
        return dialog_features(self._api.server_version, self._url)

    def _dialog(
        self, form: Form, options: Mapping[str, list[Option]], actor: Actor, place: Place, reply: ReplyRoute
    ) -> dict[str, Any]:
        state = state_of(form, actor, place, reply, secrets.token_hex(16), self._now())
        return build_dialog(form, options, self._signer.seal("dialog", state), self._features)

    async def _send_or_return(
        self, card: Card, actor: Actor, place: Place, reply: ReplyRoute, intake: Intake
    ) -> Card | None:
        """Sends a card that has controls. Returns one without, which the HTTP response can show."""
        if not card.has_controls:
            return card
        key = f"mattermost:{self._api.host}:form:{secrets.token_hex(8)}"
        message = Message(key=key, actor=actor, place=place, via=Via.BUTTON, at=self._now(), reply=reply)
        return None if await intake.send_answer(message, card) else card
