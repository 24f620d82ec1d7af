"""Opens a form as a dialog while the trigger is valid. Opening a form is not a message and is not recorded."""

import asyncio
import secrets
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

import structlog

from bot.surfaces.mattermost.dialogs import build_dialog, state_of
from bot.surfaces.mattermost.driver import MattermostApi
from bot.surfaces.mattermost.replies import PrivateReplies
from bot.surfaces.mattermost.signing import Signer
from bot.surfaces.mattermost.text import message_card, translate_plain
from bot.surfaces.protocol import Intake, SurfaceError
from commands.model.card import Button, Card, Form, Option
from commands.model.errors import CommandError
from commands.model.intents import OpenForm
from commands.model.messages import Actor, Place, ReplyRoute

OPEN_SECONDS = 1.0

log = structlog.get_logger(__name__)


class FormOpener:
    def __init__(
        self,
        api: MattermostApi,
        signer: Signer,
        replies: PrivateReplies,
        dialog_url: str,
        now: Callable[[], datetime],
    ) -> None:
        self._api = api
        self._signer = signer
        self._replies = replies
        self._url = dialog_url
        self._now = now
        self._tasks: set[asyncio.Task[None]] = set()

    async def open(
        self, request: OpenForm, actor: Actor, place: Place, reply: ReplyRoute, trigger: str, intake: Intake
    ) -> Card | None:
        """Returns None if the dialog is open or the person was answered by ``response_url``, else a card to
        show."""
        try:
            async with asyncio.timeout(OPEN_SECONDS):
                form = await intake.open_form(request, actor, place)
                await self._open_dialog(form, actor, place, reply, trigger, intake)
        except CommandError as error:
            refusal = replace(intake.error_card(error.key, **error.facts), buttons=error.buttons)
            return self._send_or_return(refusal, actor, place, reply) if error.buttons else refusal
        except (SurfaceError, TimeoutError) as error:
            log.warning("mattermost dialog not opened", error=str(error) or type(error).__name__)
            open_again = Button(translate_plain("again"), request)
            card = replace(message_card("not_opened"), buttons=(open_again,))
            return (
                self._send_or_return(card, actor, place, reply) if reply.url else message_card("not_opened_press")
            )
        return None

    async def _open_dialog(
        self, form: Form, actor: Actor, place: Place, reply: ReplyRoute, trigger: str, intake: Intake
    ) -> None:
        options: dict[str, list[Option]] = {}
        for field in form.fields:
            if field.kind == "search" and (field.refreshes or not field.options):
                found = await intake.search_options(form.about, form.run, field.name, "", actor, place)
                known = {option.value for option in found}
                options[field.name] = [*found, *(option for option in field.options if option.value not in known)]
        state = state_of(form, actor, place, reply, secrets.token_hex(16), self._now())
        body = build_dialog(form, options, self._signer.seal("dialog", state))
        await self._api.open_dialog({"trigger_id": trigger, "url": self._url, "dialog": body})

    def _send_or_return(self, card: Card, actor: Actor, place: Place, reply: ReplyRoute) -> Card | None:
        """Sends the card with its buttons by ``response_url`` if there is one. Otherwise returns the card, which
        the caller can only show without buttons."""
        if not reply.url:
            return card
        task = asyncio.create_task(self._respond(card, actor, place, reply))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return None

    async def _respond(self, card: Card, actor: Actor, place: Place, reply: ReplyRoute) -> None:
        try:
            await self._replies.post_to_response_url(reply.url, place, actor.id, card)
        except SurfaceError as error:
            log.warning("mattermost private answer not sent", error=str(error))

    async def close(self) -> None:
        if self._tasks:
            await asyncio.wait(self._tasks)
