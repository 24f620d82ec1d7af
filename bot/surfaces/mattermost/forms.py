"""Opens a dialog, complete, while the trigger lives. Opening is no message and is not recorded."""

import asyncio
import secrets
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

import structlog

from bot.surfaces.mattermost.dialogs import dialog, state_of
from bot.surfaces.mattermost.driver import Site
from bot.surfaces.mattermost.replies import Replies
from bot.surfaces.mattermost.signing import Signer
from bot.surfaces.mattermost.text import card, words
from bot.surfaces.protocol import Intake, SurfaceError
from commands.model.card import Button, Card, Form, Option
from commands.model.errors import CommandError
from commands.model.intents import OpenForm
from commands.model.messages import Actor, Place, ReplyRoute

OPEN_SECONDS = 1.0

log = structlog.get_logger(__name__)


class Forms:
    def __init__(
        self, site: Site, signer: Signer, replies: Replies, dialog_url: str, now: Callable[[], datetime]
    ) -> None:
        self._site = site
        self._signer = signer
        self._replies = replies
        self._url = dialog_url
        self._now = now
        self._tasks: set[asyncio.Task[None]] = set()

    async def open(
        self, wanted: OpenForm, actor: Actor, place: Place, reply: ReplyRoute, trigger: str, intake: Intake
    ) -> Card | None:
        """None: it is open, or why not was told by ``response_url``. Else a card to show to the person."""
        try:
            async with asyncio.timeout(OPEN_SECONDS):
                form = await intake.open_form(wanted, actor, place)
                await self._open(form, actor, place, reply, trigger, intake)
        except CommandError as error:
            refusal = replace(intake.error_card(error.key, **error.facts), buttons=error.buttons)
            return self._tell(refusal, actor, place, reply) if error.buttons else refusal
        except (SurfaceError, TimeoutError) as error:
            log.warning("mattermost dialog did not open", why=str(error) or type(error).__name__)
            again = Button(words("again"), wanted)
            late = replace(card("not_opened"), buttons=(again,))
            return self._tell(late, actor, place, reply) if reply.url else card("not_opened_press")
        return None

    async def _open(
        self, form: Form, actor: Actor, place: Place, reply: ReplyRoute, trigger: str, intake: Intake
    ) -> None:
        options: dict[str, list[Option]] = {}
        for field in form.fields:
            if field.kind == "search" and not field.options:
                options[field.name] = list(await intake.search_options(form.about, form.run, field.name, ""))
        state = state_of(form, actor, place, reply, secrets.token_hex(16), self._now())
        shown = dialog(form, options, self._signer.seal("dialog", state))
        await self._site.open_dialog({"trigger_id": trigger, "url": self._url, "dialog": shown})

    def _tell(self, said: Card, actor: Actor, place: Place, reply: ReplyRoute) -> Card | None:
        """With its buttons by ``response_url``, after the answer; without one, bare, in the answer itself."""
        if not reply.url:
            return said
        task = asyncio.create_task(self._respond(said, actor, place, reply))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return None

    async def _respond(self, said: Card, actor: Actor, place: Place, reply: ReplyRoute) -> None:
        try:
            await self._replies.respond(reply.url, place, actor.id, said)
        except SurfaceError as error:
            log.warning("mattermost answer not delivered", why=str(error))

    async def close(self) -> None:
        if self._tasks:
            await asyncio.wait(self._tasks)
