"""Posts, edits and finds the bot's messages in channels.

The nonce is stored in the message's metadata. An edit without metadata keeps it (Slack docs,
"chat.update").
"""

from collections.abc import Mapping
from typing import Any

from bot.surfaces.errors import PostGone, SurfaceError
from bot.surfaces.protocol import PostRef
from bot.surfaces.slack import render
from bot.surfaces.slack.client import ApiError, SlackClient
from bot.surfaces.slack.text import translate, translate_plain
from commands.model.card import Link
from commands.model.messages import Place

EVENT = "liaison_card"
HISTORY_LIMIT = 50  # messages of a channel; a thread comes oldest first and is read in pages
_PAGE_SIZE, _MAX_PAGES = 200, 5


class ChannelPosts:
    def __init__(self, client: SlackClient) -> None:
        self._client = client

    async def post(self, place: Place, message: render.RenderedMessage, nonce: str) -> PostRef:
        fields = {
            "channel": place.channel,
            "text": message.text,
            "blocks": message.blocks,
            "metadata": {"event_type": EVENT, "event_payload": {"nonce": nonce}},
            "unfurl_links": False,
            "unfurl_media": False,
            "parse": "none",
            **({"thread_ts": place.thread} if place.thread else {}),
        }
        request = self._client.post_json("chat.postMessage", fields)
        shown = f"#{place.channel_name}" if place.channel_name and not place.direct else place.channel
        response = await self._client.call("chat.postMessage", request, place.channel, shown=shown)
        if not response.get("ts"):
            raise SurfaceError("Slack accepted the message but returned no ts")
        channel = str(response.get("channel") or place.channel)
        return PostRef(place=place.model_copy(update={"channel": channel}), id=str(response["ts"]))

    async def edit(self, ref: PostRef, message: render.RenderedMessage) -> None:
        fields = {"channel": ref.place.channel, "ts": ref.id, "text": message.text, "blocks": message.blocks}
        request = self._client.post_json("chat.update", {**fields, "parse": "none"})
        shown = f"#{ref.place.channel_name}" if ref.place.channel_name else ref.place.channel
        await self._client.call("chat.update", request, ref.place.channel, shown=shown)

    async def react(self, ref: PostRef, emoji: str, *, on: bool) -> None:
        web, facts = self._client.web, {"channel": ref.place.channel, "timestamp": ref.id, "name": emoji}
        method = "reactions.add" if on else "reactions.remove"
        try:
            await self._client.call(
                method, web.reactions_add(**facts) if on else web.reactions_remove(**facts), ref.place.channel
            )
        except ApiError as error:
            if error.code not in ("already_reacted", "no_reaction"):
                raise

    async def find(self, place: Place, nonce: str) -> PostRef | None:
        try:
            message_ts = await (self._in_thread(place, nonce) if place.thread else self._in_channel(place, nonce))
        except ApiError as error:
            if error.code == "thread_not_found":
                return None
            raise
        return None if message_ts is None else PostRef(place=place, id=message_ts)

    async def _in_channel(self, place: Place, nonce: str) -> str | None:
        request = self._client.web.conversations_history(
            channel=place.channel, limit=HISTORY_LIMIT, include_all_metadata=True
        )
        response = await self._client.call("conversations.history", request, place.channel)
        return _with_nonce(response, nonce)

    async def _in_thread(self, place: Place, nonce: str) -> str | None:
        cursor = ""
        for _ in range(_MAX_PAGES):
            request = self._client.web.conversations_replies(
                channel=place.channel,
                ts=place.thread,
                limit=_PAGE_SIZE,
                include_all_metadata=True,
                cursor=cursor or None,
            )
            response = await self._client.call("conversations.replies", request, place.channel)
            message_ts = _with_nonce(response, nonce)
            cursor = str((response.get("response_metadata") or {}).get("next_cursor") or "")
            if message_ts or not cursor:
                return message_ts
        return None

    async def replace_with_pointer(self, ref: PostRef, to: PostRef) -> None:
        place = to.place
        try:
            request = self._client.web.chat_getPermalink(channel=place.channel, message_ts=to.id)
            response = await self._client.call("chat.getPermalink", request, place.channel)
        except (PostGone, ApiError):
            response = {}  # even without a link, the text says that this card moved
        link = Link(translate_plain("moved_link"), str(response.get("permalink") or ""))
        await self.edit(ref, render.lines([translate("moved", link=link if link.url else link.label)]))


def _with_nonce(response: Mapping[str, Any], nonce: str) -> str | None:
    for post in response.get("messages") or ():
        metadata = post.get("metadata") or {}
        if metadata.get("event_type") == EVENT and (metadata.get("event_payload") or {}).get("nonce") == nonce:
            return str(post["ts"])
    return None
