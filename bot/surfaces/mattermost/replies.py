"""Sends answers that are meant for one person.

A slash command is answered by its ``response_url``, and a mention by a reply in the thread. For a click or form
whose HTTP response has been sent, success is visible on the card and its activity line; anything else is a reply
in the card's thread that mentions the person. If none of these works, the bot sends a direct message.
"""

import asyncio
import hashlib
import secrets
from collections.abc import Callable
from datetime import datetime

import structlog

from bot.surfaces.mattermost.buttons import ButtonScope
from bot.surfaces.mattermost.driver import ApiError, MattermostApi, is_id
from bot.surfaces.mattermost.markdown import Handles, card_texts, mentioned_ids
from bot.surfaces.mattermost.people import UserDirectory
from bot.surfaces.mattermost.posting import ChannelPosts
from bot.surfaces.mattermost.render import Renderer
from bot.surfaces.protocol import EPHEMERAL_FOR, NotInChannel, PostGone, RouteClosed, SurfaceError
from commands.model.card import Card
from commands.model.messages import Message, Place, Via

SEND_TIMEOUT_SECONDS = 1.0

log = structlog.get_logger(__name__)


class PrivateReplies:
    def __init__(
        self,
        api: MattermostApi,
        users: UserDirectory,
        renderer: Renderer,
        posts: ChannelPosts,
        now: Callable[[], datetime],
    ) -> None:
        self._api = api
        self._users = users
        self._renderer = renderer
        self._posts = posts
        self._now = now

    async def send_in_time(self, message: Message, card: Card) -> bool:
        """Sends a card with buttons while an HTTP response, which cannot have any, waits. False on failure."""
        try:
            async with asyncio.timeout(SEND_TIMEOUT_SECONDS):
                await self.send(message, card)
        except (SurfaceError, TimeoutError) as error:
            log.warning("mattermost buttons not sent", error=str(error) or type(error).__name__)
            return False
        return True

    async def send(self, message: Message, card: Card) -> None:
        was_clicked = message.via in (Via.BUTTON, Via.FORM)
        is_public_already = card.shown_elsewhere and not card.has_controls
        if message.reply.url and (message.place.direct or self._now() - message.at <= EPHEMERAL_FOR):
            try:
                await self.post_to_response_url(message.reply.url, message.place, message.actor.id, card)
                return
            except RouteClosed:
                if is_public_already:
                    return
        elif was_clicked and is_public_already:
            return
        try:
            await self._reply_in_thread(message, card, mention_person=was_clicked or message.via is Via.COMMAND)
        except (NotInChannel, PostGone):
            await self._send_directly(message, card)

    async def post_to_response_url(self, url: str, place: Place, person: str, card: Card) -> None:
        """Works five times within 30 minutes. Raises ``RouteClosed`` after that, or for a URL of another site."""
        handles = await self._handles(card)
        scope = ButtonScope(place, secrets.token_hex(12), person=person, url=url)
        rendered = self._renderer.card(card, scope, handles, self._now())
        body = {
            "response_type": "ephemeral",
            "text": rendered.message,
            "attachments": rendered.attachments,
            "skip_slack_parsing": True,
        }
        try:
            await self._api.post_to_response_url(url, body)
        except ApiError as error:
            raise RouteClosed(str(error)) from error

    async def _reply_in_thread(self, message: Message, card: Card, *, mention_person: bool) -> None:
        place, post = message.place, message.reply.post
        private = bool(message.reply.details.get("private"))
        if message.via is Via.COMMAND or (private and not place.thread):
            raise NotInChannel(place.channel, "")  # there is no post of the bot to reply to
        thread = place.thread or ("" if message.via is Via.DIRECT else post)
        mention = ""
        if mention_person and not place.direct:
            handle = (await self._users.handles([message.actor.id])).get(message.actor.id, "")
            mention = f"@{handle}" if handle else ""
        await self._posts.post_card(
            place.model_copy(update={"thread": thread}), card, _nonce(message, card), mention=mention
        )

    async def _send_directly(self, message: Message, card: Card) -> None:
        account = await self._users.account()
        if not is_id(message.actor.id):
            raise RouteClosed(f"not a user id: {message.actor.id}")
        channel = await self._api.direct_channel(account.me, message.actor.id)
        place = message.place.model_copy(update={"channel": channel, "thread": "", "direct": True})
        await self._posts.post_card(place, card, _nonce(message, card))

    async def _handles(self, card: Card) -> Handles:
        return await self._users.handles(mentioned_ids(card_texts(card)))


def _nonce(message: Message, card: Card) -> str:
    """The same for a second attempt, so that the server creates only one post."""
    return hashlib.sha256(f"{message.key}\n{card.summary}".encode("utf-8", "replace")).hexdigest()[:24]
