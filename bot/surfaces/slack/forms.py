"""Opening forms. A trigger lives 3 s and counts once, so a modal opens at once and is filled afterwards."""

import secrets
from dataclasses import replace

from bot.surfaces.protocol import Intake, SurfaceError
from bot.surfaces.slack import views
from bot.surfaces.slack.client import Client
from bot.surfaces.slack.inbound import Opening
from bot.surfaces.slack.replies import Replies
from bot.surfaces.slack.text import translate, words
from bot.surfaces.slack.views import Meta
from commands.model.card import Button, Card
from commands.model.errors import CommandError
from commands.text.catalogue import plain_text


class Forms:
    def __init__(self, client: Client, replies: Replies) -> None:
        self._client = client
        self._replies = replies

    async def open(self, opening: Opening, intake: Intake) -> None:
        """Ends in a filled form, in a modal that says why not, or in a private [Open again]."""
        try:
            view_id = opening.view or await self._open_loading(opening.trigger)
            await self._update(view_id, await self._view(opening, intake))
        except SurfaceError:
            await self._not_opened(opening)

    async def taken(self, view_id: str) -> None:
        """A button in a modal was pressed and recorded: the modal has served its turn."""
        await self._update(view_id, views.words_view(words("taken_title"), words("taken")))

    async def _open_loading(self, trigger: str) -> str:
        request = self._client.web.views_open(trigger_id=trigger, view=views.loading())
        told = await self._client.call("views.open", request)
        return str((told.get("view") or {}).get("id") or "")

    async def _update(self, view_id: str, view: dict[str, object]) -> None:
        request = self._client.web.views_update(view_id=view_id, view=view)
        await self._client.call("views.update", request)

    async def _view(self, opening: Opening, intake: Intake) -> dict[str, object]:
        place = opening.place
        meta = Meta(
            nonce=secrets.token_hex(16),
            about=opening.wanted.about,
            run=opening.wanted.run,
            workspace=place.workspace,
            channel=place.channel,
            channel_name=place.channel_name,
            thread=place.thread,
            direct=place.direct,
            link=opening.link,
        )
        try:
            form = await intake.open_form(opening.wanted, opening.actor, place)
        except CommandError as error:
            card = intake.error_card(error.key, **error.facts)
            return views.card_view(with_buttons(card, error.buttons), meta)
        return views.form_view(form, replace(meta, about=form.about, run=form.run))

    async def _not_opened(self, opening: Opening) -> None:
        said = translate("not_opened")
        card = Card(
            title=said, summary=plain_text(said), buttons=(Button(words("again"), opening.wanted),), tone="bad"
        )
        await self._replies.send(opening.actor, opening.place, opening.reply, card)


def with_buttons(card: Card, buttons: tuple[Button, ...]) -> Card:
    return card if card.buttons or not buttons else replace(card, buttons=buttons)
