"""Sends an answer that only one person sees, by the first route that works.

The routes are the delivery's ``response_url`` (5 uses within 30 minutes, also in channels without the bot), an
ephemeral message in the channel or thread, and a direct message. A direct message with the bot is answered there.
"""

from typing import Any

from bot.surfaces.protocol import NotInChannel, RouteClosed
from bot.surfaces.slack import render
from bot.surfaces.slack.client import ApiError, SlackClient
from commands.model.card import Card
from commands.model.messages import Actor, Place, ReplyRoute


class PrivateReplies:
    def __init__(self, client: SlackClient) -> None:
        self._client = client

    async def send(
        self, actor: Actor, place: Place, route: ReplyRoute, card: Card, *, is_late: bool = False
    ) -> None:
        """Raises ``ChatUnreachable``, or ``SurfaceError`` when no route is left.

        ``is_late``: nobody looks at the place any more, so a direct message is the first choice.
        """
        message = render.card(card)
        if is_late and not place.direct:
            try:
                await self._post_message(actor.id, message, "")
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
        try:
            await self._post_in_place(actor, place, message)
        except (NotInChannel, ApiError):
            await self._post_message(actor.id, message, "")

    async def _use_response_url(self, route: ReplyRoute, place: Place, message: render.RenderedMessage) -> None:
        body: dict[str, Any] = {
            "response_type": "ephemeral",
            "replace_original": False,
            "text": message.text,
            "blocks": message.blocks,
        }
        if place.thread:
            body["thread_ts"] = place.thread
        await self._client.post_to_response_url(route.url, body)

    async def _post_in_place(self, actor: Actor, place: Place, message: render.RenderedMessage) -> None:
        if place.direct:
            await self._post_message(place.channel, message, place.thread)
            return
        request = self._client.web.chat_postEphemeral(
            channel=place.channel,
            user=actor.id,
            text=message.text,
            blocks=message.blocks,
            thread_ts=place.thread or None,
        )
        await self._client.call("chat.postEphemeral", request, place.channel)

    async def _post_message(self, channel: str, message: render.RenderedMessage, thread: str) -> None:
        request = self._client.web.chat_postMessage(
            channel=channel,
            text=message.text,
            blocks=message.blocks,
            thread_ts=thread or None,
            unfurl_links=False,
            unfurl_media=False,
        )
        await self._client.call("chat.postMessage", request, channel)
