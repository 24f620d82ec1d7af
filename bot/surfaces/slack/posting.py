"""Our public messages: cards and lines, posted, edited and found again.

The nonce travels in the message's metadata; an edit that names no metadata leaves it as it is
(docs.slack.dev/reference/methods/chat.update).
"""

from collections.abc import Mapping
from typing import Any

from bot.surfaces.protocol import PostGone, PostRef, SurfaceError
from bot.surfaces.slack import render
from bot.surfaces.slack.client import Client, Refused
from bot.surfaces.slack.text import translate, words
from commands.model.card import Link
from commands.model.messages import Place

EVENT = "liaison_card"
LOOKED_AT = 50  # of a channel; a thread comes oldest first and is read in pages
_PAGE, _PAGES = 200, 5


class Posts:
    def __init__(self, client: Client) -> None:
        self._client = client

    async def post(self, place: Place, drawn: render.Drawn, nonce: str) -> PostRef:
        request = self._client.web.chat_postMessage(
            channel=place.channel,
            text=drawn.text,
            blocks=drawn.blocks,
            thread_ts=place.thread or None,
            metadata={"event_type": EVENT, "event_payload": {"nonce": nonce}},
            unfurl_links=False,
            unfurl_media=False,
        )
        told = await self._client.call("chat.postMessage", request, place.channel_name or place.channel)
        if not told.get("ts"):
            raise SurfaceError("Slack took the message and did not name it")
        channel = str(told.get("channel") or place.channel)
        return PostRef(place=place.model_copy(update={"channel": channel}), id=str(told["ts"]))

    async def edit(self, ref: PostRef, drawn: render.Drawn) -> None:
        request = self._client.web.chat_update(
            channel=ref.place.channel, ts=ref.id, text=drawn.text, blocks=drawn.blocks
        )
        await self._client.call("chat.update", request, ref.place.channel_name or ref.place.channel)

    async def find(self, place: Place, nonce: str) -> PostRef | None:
        try:
            found = await (self._in_thread(place, nonce) if place.thread else self._in_channel(place, nonce))
        except Refused as error:
            if error.code == "thread_not_found":
                return None
            raise
        return None if found is None else PostRef(place=place, id=found)

    async def _in_channel(self, place: Place, nonce: str) -> str | None:
        request = self._client.web.conversations_history(
            channel=place.channel, limit=LOOKED_AT, include_all_metadata=True
        )
        told = await self._client.call("conversations.history", request, place.channel)
        return _with_nonce(told, nonce)

    async def _in_thread(self, place: Place, nonce: str) -> str | None:
        cursor = ""
        for _ in range(_PAGES):
            request = self._client.web.conversations_replies(
                channel=place.channel,
                ts=place.thread,
                limit=_PAGE,
                include_all_metadata=True,
                cursor=cursor or None,
            )
            told = await self._client.call("conversations.replies", request, place.channel)
            found = _with_nonce(told, nonce)
            cursor = str((told.get("response_metadata") or {}).get("next_cursor") or "")
            if found or not cursor:
                return found
        return None

    async def point(self, ref: PostRef, to: PostRef) -> None:
        place = to.place
        try:
            request = self._client.web.chat_getPermalink(channel=place.channel, message_ts=to.id)
            told = await self._client.call("chat.getPermalink", request, place.channel)
        except (PostGone, Refused):
            told = {}  # a pointer without its link still says that this card is not the live one
        link = Link(words("moved_link"), str(told.get("permalink") or ""))
        await self.edit(ref, render.lines([translate("moved", link=link if link.url else link.label)]))


def _with_nonce(told: Mapping[str, Any], nonce: str) -> str | None:
    for message in told.get("messages") or ():
        metadata = message.get("metadata") or {}
        if metadata.get("event_type") == EVENT and (metadata.get("event_payload") or {}).get("nonce") == nonce:
            return str(message["ts"])
    return None
