"""Answers for one person (DESIGN section 4, "where it goes").

Slash: that delivery's ``response_url``. Mention: a reply in the thread. A click or form whose HTTP answer is
over: success is seen on card and trace, anything else is a reply in the card's thread that names the person.
A direct message is the last resort, where none of these can be posted.
"""

import asyncio
import hashlib
import secrets
from collections.abc import Callable
from datetime import datetime

from bot.surfaces.mattermost.buttons import ButtonScope
from bot.surfaces.mattermost.driver import ApiError, Site, is_id
from bot.surfaces.mattermost.markdown import Handles, pinged, texts_of
from bot.surfaces.mattermost.people import People
from bot.surfaces.mattermost.posting import Posting
from bot.surfaces.mattermost.render import Renderer
from bot.surfaces.protocol import NotInChannel, PostGone, RouteClosed
from commands.model.card import Card
from commands.model.messages import Message, Place, Via

SOON_SECONDS = 1.0


class Replies:
    def __init__(
        self, site: Site, people: People, renderer: Renderer, posting: Posting, now: Callable[[], datetime]
    ) -> None:
        self._site = site
        self._people = people
        self._renderer = renderer
        self._posting = posting
        self._now = now

    async def whisper_soon(self, message: Message, card: Card) -> None:
        """Raises ``TimeoutError`` rather than keep an HTTP answer waiting."""
        async with asyncio.timeout(SOON_SECONDS):
            await self.whisper(message, card)

    async def whisper(self, message: Message, card: Card) -> None:
        pressed = message.via in (Via.BUTTON, Via.FORM)
        seen = card.shown_elsewhere and not card.buttons
        if message.reply.url:
            try:
                await self.respond(message.reply.url, message.place, message.actor.id, card)
                return
            except RouteClosed:
                if seen:
                    return
        elif pressed and seen:
            return
        try:
            await self._in_thread(message, card, names_person=pressed or message.via is Via.COMMAND)
        except (NotInChannel, PostGone):
            await self._direct(message, card)

    async def respond(self, url: str, place: Place, person: str, card: Card) -> None:
        """Five times in half an hour; ``RouteClosed`` after that, and for an address that is not the site's."""
        handles = await self._handles(card)
        ground = ButtonScope(place, secrets.token_hex(12), person=person, url=url)
        drawn = self._renderer.card(card, ground, handles, self._now())
        body = {
            "response_type": "ephemeral",
            "text": drawn.message,
            "attachments": drawn.attachments,
            "skip_slack_parsing": True,
        }
        try:
            await self._site.respond(url, body)
        except ApiError as error:
            raise RouteClosed(str(error)) from error

    async def _in_thread(self, message: Message, card: Card, *, names_person: bool) -> None:
        place, post = message.place, message.reply.post
        private = bool(message.reply.details.get("private"))
        if message.via is Via.COMMAND or (private and not place.thread):
            raise NotInChannel(place.channel, "")  # nothing of ours stands there to reply to
        root = place.thread or ("" if message.via is Via.DIRECT else post)
        lead = ""
        if names_person and not place.direct:
            handle = (await self._people.handles([message.actor.id])).get(message.actor.id, "")
            lead = f"@{handle}" if handle else ""
        await self._posting.card(place.model_copy(update={"thread": root}), card, _nonce(message, card), lead=lead)

    async def _direct(self, message: Message, card: Card) -> None:
        ear = await self._people.ear()
        if not is_id(message.actor.id):
            raise RouteClosed(f"nobody to tell: {message.actor.id}")
        channel = await self._site.direct_channel(ear.me, message.actor.id)
        place = message.place.model_copy(update={"channel": channel, "thread": "", "direct": True})
        await self._posting.card(place, card, _nonce(message, card))

    async def _handles(self, card: Card) -> Handles:
        return await self._people.handles(pinged(texts_of(card)))


def _nonce(message: Message, card: Card) -> str:
    """The same for a second try, so that the server makes one post of both."""
    return hashlib.sha256(f"{message.key}\n{card.summary}".encode("utf-8", "replace")).hexdigest()[:24]
