"""Sends what only one person sees, by the first route that works.

The routes are the delivery's ``response_url`` (5 uses within 30 minutes, also in channels without the bot), an
ephemeral message in the channel or thread, and a direct message. A direct message with the bot is answered there.
"""

from typing import Any

from bot.surfaces.errors import NotInChannel, RouteClosed
from bot.surfaces.slack import render
from bot.surfaces.slack.channels import ChannelDirectory
from bot.surfaces.slack.client import ApiError, SlackClient
from bot.surfaces.slack.posting import ChannelPosts
from commands.model.card import Card
from commands.model.messages import Actor, Place, ReplyRoute

REPLACES_ORIGINAL = "replaces_original"  # of ``ReplyRoute.details``: the answer takes the place of the question


class PrivateReplies:
    def __init__(self, client: SlackClient, posts: ChannelPosts, channels: ChannelDirectory) -> None:
        self._client = client
        self._posts = posts
        self._channels = channels

    async def send(
        self,
        actor: Actor,
        place: Place,
        route: ReplyRoute,
        card: Card,
        *,
        is_late: bool = False,
        nonce: str = "",
        may_exist: bool = False,
    ) -> None:
        """Raises ``ChatUnreachable``, or ``SurfaceError`` when no route is left.

        ``is_late``: nobody looks at the place any more, so a direct message is the first choice. ``may_exist``: an
        earlier attempt may have worked; it is found by its ``nonce`` where there is a history.
        """
        message = render.card(card)
        if is_late and not place.direct:
            try:
                await self._post_directly(actor, message, nonce, may_exist)
            except (NotInChannel, ApiError):
                pass  # try the other routes
            else:
                return
        if route.url:
            try:
                await self._use_response_url(route, place, message)
            except RouteClosed:
                pass  # try the next route
            else:
                return
        await self.send_notice(actor, place, card, nonce=nonce, may_exist=may_exist)

    async def send_notice(
        self, actor: Actor, place: Place, card: Card, *, nonce: str, may_exist: bool = False
    ) -> None:
        """In the place, else as a direct message."""
        message = render.card(card)
        try:
            await self._post_in_place(actor, place, message, nonce, may_exist)
        except (NotInChannel, ApiError):
            await self._post_directly(actor, message, nonce, may_exist)

    async def send_direct(self, actor: Actor, card: Card, *, nonce: str, may_exist: bool) -> None:
        await self._post_directly(actor, render.card(card), nonce, may_exist)

    async def _use_response_url(self, route: ReplyRoute, place: Place, message: render.RenderedMessage) -> None:
        body: dict[str, Any] = {
            "response_type": "ephemeral",
            "replace_original": bool(route.details.get(REPLACES_ORIGINAL)),
            "text": message.text,
            "blocks": message.blocks,
        }
        if place.thread:
            body["thread_ts"] = place.thread
        await self._client.post_to_response_url(route.url, body)

    async def _post_in_place(
        self, actor: Actor, place: Place, message: render.RenderedMessage, nonce: str, may_exist: bool
    ) -> None:
        if place.direct:
            await self._post(place, message, nonce, may_exist)
            return
        fields = {
            "channel": place.channel,
            "user": actor.id,
            "text": message.text,
            "blocks": message.blocks,
            "parse": "none",
            **({"thread_ts": place.thread} if place.thread else {}),
        }
        request = self._client.post_json("chat.postEphemeral", fields)
        await self._client.call("chat.postEphemeral", request, place.channel)

    async def _post_directly(
        self, actor: Actor, message: render.RenderedMessage, nonce: str, may_exist: bool
    ) -> None:
        """A person's id stands for the direct channel with them (Slack docs, "chat.postMessage"), but an earlier
        message is only found by the channel's own id."""
        channel = await self._channels.direct_channel(actor) if may_exist else actor.id
        place = Place(surface="slack", workspace=actor.workspace, channel=channel, direct=True)
        await self._post(place, message, nonce, may_exist)

    async def _post(self, place: Place, message: render.RenderedMessage, nonce: str, may_exist: bool) -> None:
        if may_exist and await self._posts.find(place, nonce) is not None:
            return
        await self._posts.post(place, message, nonce)
