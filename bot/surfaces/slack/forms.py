"""Opens forms as modals. A trigger is valid once, for 3 s, so a form that is not ready at once opens as a loading
modal that is updated later."""

import asyncio
import secrets
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any

from adapters.toolkit.messages import in_language
from bot.surfaces.errors import SurfaceError
from bot.surfaces.protocol import Intake
from bot.surfaces.slack import views
from bot.surfaces.slack.client import SlackClient
from bot.surfaces.slack.deliveries import FormRequest
from bot.surfaces.slack.text import translate, translate_plain
from bot.surfaces.slack.views import Meta
from commands.model.card import Button, Card
from commands.model.errors import CommandError
from commands.model.messages import Message, Place, Via
from commands.text.catalogue import plain_text

READY_SECONDS = 0.2  # a form that takes longer opens as a loading modal

View = dict[str, Any]


class FormOpener:
    def __init__(self, client: SlackClient, now: Callable[[], datetime]) -> None:
        self._client = client
        self._now = now

    async def open(self, request: FormRequest, intake: Intake) -> None:
        """Shows the form, or says privately why there is none, or offers [Open again] if no modal opens."""
        with in_language(intake.language_for(request.actor)):
            building = asyncio.ensure_future(self._form_view(request, intake))
            try:
                if request.view:
                    await self._update(request.view, await self._built(building, request, intake))
                elif (await asyncio.wait({building}, timeout=READY_SECONDS))[0]:
                    await self._open_built(building, request, intake)
                else:
                    view_id = await self._open(request.trigger, views.loading_view())
                    await self._update(view_id, await self._built(building, request, intake))
            except SurfaceError:
                await intake.send_answer(self._unrecorded(request), _not_opened(request))
            finally:
                building.cancel()

    async def _open_built(self, building: "asyncio.Future[View]", request: FormRequest, intake: Intake) -> None:
        try:
            view = building.result()
        except CommandError as error:
            await intake.send_answer(self._unrecorded(request), _refusal(error, intake))
        else:
            await self._open(request.trigger, view)

    async def _built(self, building: "asyncio.Future[View]", request: FormRequest, intake: Intake) -> View:
        """The form, or a card in its place."""
        try:
            return await building
        except CommandError as error:
            return views.card_view(_refusal(error, intake), _meta(request))

    async def open_card(self, card: Card, message: Message, trigger: str, intake: Intake) -> None:
        """In a modal, or else as a private message."""
        try:
            await self._open(trigger, views.card_view(card, _meta_of(message.place), "Liaison"))
        except SurfaceError:
            await intake.send_answer(message, card)

    async def show_answer(self, card: Card | None, message: Message, view_id: str, intake: Intake) -> None:
        """In the modal whose button was pressed. Without a card yet, it confirms that the press was recorded."""
        if card is None:
            title = translate_plain("taken_title")
            await self._update(view_id, views.text_view(title, translate_plain("taken")))
            return
        try:
            await self._update(view_id, views.card_view(card, _meta_of(message.place), "Liaison"))
        except SurfaceError:
            await intake.send_answer(message, card)

    async def _open(self, trigger: str, view: View) -> str:
        request = self._client.web.views_open(trigger_id=trigger, view=view)
        response = await self._client.call("views.open", request)
        return str((response.get("view") or {}).get("id") or "")

    async def _update(self, view_id: str, view: View) -> None:
        request = self._client.web.views_update(view_id=view_id, view=view)
        await self._client.call("views.update", request)

    async def _form_view(self, request: FormRequest, intake: Intake) -> View:
        form = await intake.open_form(request.form, request.actor, request.place, in_place=not request.view)
        return views.form_view(form, replace(_meta(request), about=form.about, run=form.run))

    def _unrecorded(self, request: FormRequest) -> Message:
        """What is answered: opening a form is not recorded."""
        return Message(
            key=f"slack:{request.actor.workspace}:form:{secrets.token_hex(8)}",
            actor=request.actor,
            place=request.place,
            via=Via.BUTTON,
            at=self._now(),
            reply=request.reply,
        )


def _not_opened(request: FormRequest) -> Card:
    text = translate("not_opened")
    again = Button(translate_plain("again"), request.form)
    return Card(title=text, summary=plain_text(text), buttons=(again,), tone="bad")


def _meta_of(place: Place) -> Meta:
    return Meta(
        nonce="",
        workspace=place.workspace,
        channel=place.channel,
        channel_name=place.channel_name,
        thread=place.thread,
        direct=place.direct,
    )


def _meta(request: FormRequest) -> Meta:
    place = request.place
    return Meta(
        nonce=secrets.token_hex(16),
        about=request.form.about,
        run=request.form.run,
        workspace=place.workspace,
        channel=place.channel,
        channel_name=place.channel_name,
        thread=place.thread,
        direct=place.direct,
        link=request.link,
    )


def _refusal(error: CommandError, intake: Intake) -> Card:
    card = intake.error_card(error.key, **error.facts)
    return card if card.buttons or not error.buttons else replace(card, buttons=error.buttons)
