"""Private answers: only the person sees them, by the best route that is open.

The delivery's ``response_url`` (5 uses within 30 minutes; it works where we are no member), else an ephemeral
message in the place, else a direct message. In a direct message with us everything is private already.
"""

from typing import Any

from bot.surfaces.protocol import NotInChannel, RouteClosed
from bot.surfaces.slack import render
from bot.surfaces.slack.client import Client, Refused
from commands.model.card import Card
from commands.model.messages import Actor, Place, ReplyRoute


class Replies:
    def __init__(self, client: Client) -> None:
        self._client = client

    async def send(self, actor: Actor, place: Place, route: ReplyRoute, card: Card) -> None:
        """Raises ``ChatUnreachable``, or ``SurfaceError`` when no route is left."""
        drawn = render.card(card)
        if route.url:
            try:
                await self._respond(route, place, drawn)
            except RouteClosed:
                pass  # the next route is as private
            else:
                return
        try:
            await self._in_place(actor, place, drawn)
        except (NotInChannel, Refused):
            await self._post(actor.id, drawn, "")

    async def _respond(self, route: ReplyRoute, place: Place, drawn: render.Drawn) -> None:
        message: dict[str, Any] = {
            "response_type": "ephemeral",
            "replace_original": False,
            "text": drawn.text,
            "blocks": drawn.blocks,
        }
        if place.thread:
            message["thread_ts"] = place.thread
        await self._client.respond(route.url, message)

    async def _in_place(self, actor: Actor, place: Place, drawn: render.Drawn) -> None:
        if place.direct:
            await self._post(place.channel, drawn, place.thread)
            return
        request = self._client.web.chat_postEphemeral(
            channel=place.channel,
            user=actor.id,
            text=drawn.text,
            blocks=drawn.blocks,
            thread_ts=place.thread or None,
        )
        await self._client.call("chat.postEphemeral", request, place.channel)

    async def _post(self, channel: str, drawn: render.Drawn, thread: str) -> None:
        request = self._client.web.chat_postMessage(
            channel=channel,
            text=drawn.text,
            blocks=drawn.blocks,
            thread_ts=thread or None,
            unfurl_links=False,
            unfurl_media=False,
        )
        await self._client.call("chat.postMessage", request, channel)
