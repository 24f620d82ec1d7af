"""Opens forms as modals. A trigger is valid once, for 3 s, so a loading modal opens first and is updated later."""

import secrets
from dataclasses import replace

from adapters.toolkit.messages import in_language
from bot.surfaces.protocol import Intake, SurfaceError
from bot.surfaces.slack import views
from bot.surfaces.slack.client import SlackClient
from bot.surfaces.slack.deliveries import FormRequest
from bot.surfaces.slack.replies import PrivateReplies
from bot.surfaces.slack.text import translate, translate_plain
from bot.surfaces.slack.views import Meta
from commands.model.card import Button, Card
from commands.model.errors import CommandError
from commands.text.catalogue import plain_text


class FormOpener:
    def __init__(self, client: SlackClient, replies: PrivateReplies) -> None:
        self._client = client
        self._replies = replies

    async def open(self, request: FormRequest, intake: Intake) -> None:
        """Shows the form, or a modal that says why there is none, or a private [Open again] if no modal opens."""
        with in_language(intake.language_for(request.actor)):
            try:
                view_id = request.view or await self._open_loading(request.trigger)
                await self._update(view_id, await self._build_view(request, intake))
            except SurfaceError:
                await self._report_not_opened(request)

    async def show_received(self, view_id: str) -> None:
        """Confirms in the modal that a button pressed there was recorded."""
        await self._update(view_id, views.text_view(translate_plain("taken_title"), translate_plain("taken")))

    async def _open_loading(self, trigger: str) -> str:
        request = self._client.web.views_open(trigger_id=trigger, view=views.loading_view())
        response = await self._client.call("views.open", request)
        return str((response.get("view") or {}).get("id") or "")

    async def _update(self, view_id: str, view: dict[str, object]) -> None:
        request = self._client.web.views_update(view_id=view_id, view=view)
        await self._client.call("views.update", request)

    async def _build_view(self, request: FormRequest, intake: Intake) -> dict[str, object]:
        place = request.place
        meta = Meta(
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
        try:
            form = await intake.open_form(request.form, request.actor, place)
        except CommandError as error:
            card = intake.error_card(error.key, **error.facts)
            return views.card_view(with_buttons(card, error.buttons), meta)
        return views.form_view(form, replace(meta, about=form.about, run=form.run))

    async def _report_not_opened(self, request: FormRequest) -> None:
        text = translate("not_opened")
        card = Card(
            title=text,
            summary=plain_text(text),
            buttons=(Button(translate_plain("again"), request.form),),
            tone="bad",
        )
        await self._replies.send(request.actor, request.place, request.reply, card)


def with_buttons(card: Card, buttons: tuple[Button, ...]) -> Card:
    return card if card.buttons or not buttons else replace(card, buttons=buttons)
