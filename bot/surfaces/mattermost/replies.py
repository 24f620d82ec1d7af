"""Sends answers that are meant for one person.

If the bot may post ephemerally, it does. Otherwise a slash command is answered by its ``response_url``, and a
mention by a reply in the thread. A click is answered in its HTTP response, which cannot have buttons. If that has
been sent or lacks buttons that are needed, a success is only visible on the card and its activity line; anything
else is a reply in the card's thread that mentions the person. If none of these works, the bot sends a direct
message.
"""

import asyncio
import secrets
from collections.abc import Callable
from datetime import datetime

import structlog

from bot.surfaces.errors import NotInChannel, RouteClosed, SurfaceError, ThreadGone
from bot.surfaces.mattermost.buttons import ButtonScope
from bot.surfaces.mattermost.channels import ChannelDirectory
from bot.surfaces.mattermost.driver import MattermostApi, is_id
from bot.surfaces.mattermost.escape import one_line
from bot.surfaces.mattermost.features import FeatureCache
from bot.surfaces.mattermost.markdown import Handles, card_texts, mentioned_ids
from bot.surfaces.mattermost.people import UserDirectory
from bot.surfaces.mattermost.posting import ChannelPosts
from bot.surfaces.mattermost.render import Renderer
from bot.surfaces.mattermost.text import translate_plain
from bot.surfaces.mattermost.transport import ApiError, Json
from bot.surfaces.protocol import EPHEMERAL_FOR
from commands.model.card import Card
from commands.model.intents import (
    Approve,
    Assign,
    Begin,
    Finish,
    Help,
    Home,
    Mine,
    OpenForm,
    Reopen,
    Runbooks,
    Runs,
    Show,
)
from commands.model.messages import Actor, Message, Place, Via

SEND_TIMEOUT_SECONDS = 1.0
_FOUND_ELSEWHERE = (Show, OpenForm, Begin, Finish, Reopen, Approve, Assign, Home, Mine, Runs, Runbooks, Help)
"""The card of the run has such buttons, or they can be typed. Any other one answers a question."""

log = structlog.get_logger(__name__)


def needs_its_controls(card: Card) -> bool:
    """Its words are enough if it is a refusal or "Already done", and its buttons only lead on."""
    is_said_in_words = card.tone in ("warn", "bad") or not card.lines
    if card.sections or card.menu or card.picker or not is_said_in_words:
        return card.has_controls
    return not all(isinstance(button.intent, _FOUND_ELSEWHERE) for button in card.buttons)


class PrivateReplies:
    def __init__(
        self,
        api: MattermostApi,
        users: UserDirectory,
        renderer: Renderer,
        posts: ChannelPosts,
        features: FeatureCache,
        channels: ChannelDirectory,
        now: Callable[[], datetime],
    ) -> None:
        self._api = api
        self._users = users
        self._renderer = renderer
        self._posts = posts
        self._features = features
        self._channels = channels
        self._now = now

    async def send(self, message: Message, card: Card, *, nonce: str, may_exist: bool = False) -> None:
        """``may_exist``: an earlier attempt may have worked; a post is found by its ``nonce``."""
        was_clicked = message.via in (Via.BUTTON, Via.FORM)
        is_public_already = card.shown_elsewhere and not card.has_controls
        is_redundant = was_clicked and is_public_already and not message.reply.url
        if not is_redundant and await self._send_ephemeral(message, card):
            return
        if message.reply.url and (message.place.direct or self._now() - message.at <= EPHEMERAL_FOR):
            try:
                await self.post_to_response_url(message.reply.url, message.place, message.actor.id, card)
                return
            except RouteClosed:
                if is_public_already:
                    return
        elif was_clicked and card.shown_elsewhere and not message.place.direct:
            return  # a reply that everybody can read would only say it again
        if await self._must_be_private(card, message.place):
            await self.send_direct(message.actor, card, nonce=nonce, may_exist=may_exist)
            return
        try:
            place = self._thread_of(message)
            mention = await self._mention(message) if was_clicked else ""
            await self._post(place, card, nonce, may_exist, mention)
        except (NotInChannel, ThreadGone):
            await self.send_direct(message.actor, card, nonce=nonce, may_exist=may_exist)

    async def _must_be_private(self, card: Card, place: Place) -> bool:
        if place.direct:
            return False
        return card.confidential or (card.members_only and await self._channels.has_guests(place.channel))

    async def closed_question(self, message: Message, card: Card | None) -> Json | None:
        """If a question was answered with this click: its post without buttons. A refusal leaves it as it is."""
        verb = str((message.intent or {}).get("verb"))
        is_post = message.reply.post and not message.reply.details.get("private")
        if verb not in ("choose", "drop") or not is_post or (card is not None and card.tone in ("warn", "bad")):
            return None
        note = translate_plain("answered_by", who=one_line(message.actor.display_name))
        try:
            async with asyncio.timeout(SEND_TIMEOUT_SECONDS):
                return await self._posts.without_buttons(message.reply.post, note)
        except (SurfaceError, TimeoutError) as error:
            log.warning("question not closed", error=str(error) or type(error).__name__)
            return None

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
            **self._users.sender(),
        }
        try:
            await self._api.post_to_response_url(url, body)
        except ApiError as error:
            raise RouteClosed(str(error)) from error

    @property
    def posts_ephemerally(self) -> bool:
        """As far as it is known; makes no request."""
        return self._features.current.post_ephemeral

    async def _send_ephemeral(self, message: Message, card: Card) -> bool:
        """Shows the card to the person who is there now, with the bot as its sender. False if it can't be done."""
        place = message.place
        if (
            place.direct
            or self._now() - message.at > EPHEMERAL_FOR
            or not (await self._features.get()).post_ephemeral
        ):
            return False
        is_reply = message.via is not Via.COMMAND and not message.reply.details.get("private")
        scope = ButtonScope(place, secrets.token_hex(12), person=message.actor.id, url=message.reply.url)
        rendered = self._renderer.card(card, scope, await self._handles(card), self._now())
        post = {
            "channel_id": place.channel,
            "message": rendered.message,
            "props": {"attachments": rendered.attachments},
            "root_id": place.thread or (message.reply.post if is_reply else ""),
        }
        try:
            await self._api.create_ephemeral_post(message.actor.id, post)
        except ApiError as error:
            log.warning("mattermost ephemeral post refused", error=str(error))
            return False
        return True

    def _thread_of(self, message: Message) -> Place:
        place, post = message.place, message.reply.post
        private = bool(message.reply.details.get("private"))
        if message.via is Via.COMMAND or (private and not place.thread):
            raise NotInChannel(place.channel, "")  # there is no post of the bot to reply to
        thread = place.thread or ("" if message.via is Via.DIRECT else post)
        return place.model_copy(update={"thread": thread})

    async def _mention(self, message: Message) -> str:
        if message.place.direct:
            return ""
        handle = (await self._users.handles([message.actor.id])).get(message.actor.id, "")
        return f"@{handle}" if handle else ""

    async def send_direct(self, person: Actor, card: Card, *, nonce: str, may_exist: bool = False) -> None:
        account = await self._users.account()
        if not is_id(person.id):
            raise RouteClosed(f"not a user id: {person.id}")
        channel = await self._api.direct_channel(account.me, person.id)
        place = Place(surface=person.surface, workspace=person.workspace, channel=channel, direct=True)
        await self._post(place, card, nonce, may_exist)

    async def _post(self, place: Place, card: Card, nonce: str, may_exist: bool, mention: str = "") -> None:
        if may_exist and await self._posts.find(place, nonce) is not None:
            return
        await self._posts.post_card(place, card, nonce, mention=mention)

    async def _handles(self, card: Card) -> Handles:
        return await self._users.handles(mentioned_ids(card_texts(card)))
