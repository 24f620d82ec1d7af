"""A post as the websocket or a channel's history has it -> a ``Message``, if it is meant for us.

Meant for us: a person's post that opens with our name, or any person's post in a direct channel with us. Never
our own, a bot's, a webhook's (an ``in_channel`` slash answer comes back under the person's id) or a system's.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from bot.surfaces.mattermost.driver import is_id
from commands.model.messages import Actor, Message, Place, ReplyRoute, Via


@dataclass(frozen=True, slots=True)
class ChannelInfo:
    """Where a post was heard. ``type``: O, P, G or D, as Mattermost has it."""

    type: str
    name: str = ""
    team: str = ""  # a team's id; empty for direct channels


@dataclass(frozen=True, slots=True)
class IncomingPost:
    post: Mapping[str, Any]
    room: ChannelInfo
    handle: str = ""  # of who wrote it, where the delivery says so

    @property
    def id(self) -> str:
        return str(self.post.get("id") or "")

    @property
    def channel(self) -> str:
        return str(self.post.get("channel_id") or "")

    @property
    def at(self) -> int:
        """Milliseconds since the epoch, by the server's clock."""
        at = self.post.get("create_at")
        return at if isinstance(at, int) else 0


def from_event(event: Mapping[str, Any]) -> IncomingPost | None:
    """A ``posted`` frame: ``data.post`` is JSON in a string. None: not one that can be read."""
    data = event.get("data")
    if not isinstance(data, Mapping):
        return None
    try:
        post = json.loads(data.get("post") or "")
    except (TypeError, ValueError):
        return None
    if not isinstance(post, dict) or not is_id(str(post.get("id"))) or not is_id(str(post.get("channel_id"))):
        return None
    room = ChannelInfo(
        str(data.get("channel_type") or ""), str(data.get("channel_name") or ""), str(data.get("team_id") or "")
    )
    return IncomingPost(post, room, str(data.get("sender_name") or "").removeprefix("@"))


@dataclass(frozen=True, slots=True)
class PostReader:
    """What we listen for. ``team``: the only team whose channels count (direct channels always do)."""

    me: str
    username: str
    site: str
    key_prefix: str
    team: str = ""

    def message(self, heard: IncomingPost, at: datetime) -> Message | None:
        words = self._words(heard)
        if words is None:
            return None
        post, room = heard.post, heard.room
        direct = room.type == "D"
        return Message(
            key=f"{self.key_prefix}{heard.id}",
            actor=Actor(surface="mattermost", id=str(post["user_id"]), handle=heard.handle),
            place=Place(
                surface="mattermost",
                channel=heard.channel,
                thread=str(post.get("root_id") or ""),
                direct=direct,
                channel_name=room.name,
                site=self.site,
            ),
            via=Via.DIRECT if direct else Via.MENTION,
            at=at,
            text=words,
            reply=ReplyRoute(post=heard.id),
        )

    def _words(self, heard: IncomingPost) -> str | None:
        post = heard.post
        props = post.get("props")
        props = props if isinstance(props, Mapping) else {}
        user = str(post.get("user_id") or "")
        if user == self.me or not is_id(user) or post.get("type") or post.get("delete_at"):
            return None
        if any(str(props.get(name, "")).lower() == "true" for name in ("from_webhook", "from_bot", "from_plugin")):
            return None
        if self.team and heard.room.team and heard.room.team != self.team:
            return None
        said = str(post.get("message") or "").strip()
        opening = re.match(rf"@{re.escape(self.username)}(?:[:,]?\s+|[:,]?$)", said, re.IGNORECASE)
        if opening is not None:
            return said[opening.end() :].strip()
        return said if heard.room.type == "D" else None


def moment(heard: IncomingPost, now: datetime) -> datetime:
    """When a post that we heard late was written; never later than now."""
    return min(now, datetime.fromtimestamp(heard.at / 1000, UTC)) if heard.at else now
