"""Turns a post from the websocket or a channel's history into a ``Message``, if it is addressed to the bot.

These are people's posts that start with a mention of the bot, or that are in a direct channel with it. Posts of
bots, webhooks (an ``in_channel`` slash command response has the person's id) and the system are ignored.
"""

import json
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from bot.surfaces.mattermost.driver import is_id
from commands.model.messages import Actor, Message, Place, ReplyRoute, SharedFile, Via

_MAX_EDIT_MS = 24 * 3600 * 1000  # later, the message as it was may not be stored any more


@dataclass(frozen=True, slots=True)
class ChannelInfo:
    """The channel of a post. ``type`` is O, P, G or D (open, private, group, direct)."""

    type: str
    name: str = ""
    team: str = ""  # a team's id; empty for direct channels


@dataclass(frozen=True, slots=True)
class IncomingPost:
    post: Mapping[str, Any]
    channel_info: ChannelInfo
    handle: str = ""  # of the author, if the delivery has it
    edited: bool = False  # its text was changed: the server sends no channel information then

    @property
    def id(self) -> str:
        return str(self.post.get("id") or "")

    @property
    def channel(self) -> str:
        return str(self.post.get("channel_id") or "")

    @property
    def edited_at(self) -> int:
        at = self.post.get("edit_at")
        return at if self.edited and isinstance(at, int) else 0

    @property
    def at(self) -> int:
        """In milliseconds since the epoch, by the server's clock."""
        at = self.post.get("create_at")
        return at if isinstance(at, int) else 0


def person_of(event: Mapping[str, Any]) -> str:
    """The id of the person that an event is about; "" if it names nobody.

    ``user_updated`` has the user, the others have their id in ``data``, or in ``broadcast`` for the person itself.
    """
    data, addressee = event.get("data"), event.get("broadcast")
    data, addressee = (part if isinstance(part, Mapping) else {} for part in (data, addressee))
    user = data.get("user")
    ids = (user.get("id") if isinstance(user, Mapping) else "", data.get("user_id"), addressee.get("user_id"))
    return next((str(id) for id in ids if id), "")


def place_of(event: Mapping[str, Any]) -> tuple[str, str]:
    """The ids of the channel and the person that an event is about; "" for all of them, as in a team's events."""
    data, broadcast = event.get("data"), event.get("broadcast")
    data, broadcast = (part if isinstance(part, Mapping) else {} for part in (data, broadcast))
    return str(data.get("channel_id") or broadcast.get("channel_id") or ""), str(data.get("user_id") or "")


def from_event(event: Mapping[str, Any]) -> IncomingPost | None:
    """From a ``posted`` or ``post_edited`` frame, whose ``data.post`` is JSON in a string. None if it can't be
    read."""
    data = event.get("data")
    if not isinstance(data, Mapping):
        return None
    try:
        post = json.loads(data.get("post") or "")
    except (TypeError, ValueError):
        return None
    if not isinstance(post, dict) or not is_id(str(post.get("id"))) or not is_id(str(post.get("channel_id"))):
        return None
    channel_info = ChannelInfo(
        str(data.get("channel_type") or ""), str(data.get("channel_name") or ""), str(data.get("team_id") or "")
    )
    return IncomingPost(
        post,
        channel_info,
        str(data.get("sender_name") or "").removeprefix("@"),
        event.get("event") == "post_edited",
    )


@dataclass(frozen=True, slots=True)
class BotAccount:
    """The bot's account, and which posts are for it. If ``team`` is set, channels of other teams are ignored.
    ``bots`` are the ids of other bots that may give commands."""

    me: str
    username: str
    site: str
    key_prefix: str
    team: str = ""
    bots: Collection[str] = ()

    def parse(self, incoming: IncomingPost, at: datetime, command_in: Callable[[str, str], str]) -> Message | None:
        """``command_in`` is that of ``Intake``."""
        is_edit = not incoming.edited or 0 < incoming.edited_at <= incoming.at + _MAX_EDIT_MS  # or it was pinned
        if not is_edit or not self._is_from_person(incoming):
            return None
        text, in_passing = self._text_for_bot(incoming, command_in)
        if text is None:
            return None
        key = f"{self.key_prefix}{incoming.id}"
        post, channel_info = incoming.post, incoming.channel_info
        direct = channel_info.type == "D"
        return Message(
            key=f"{key}:{incoming.edited_at}" if incoming.edited else key,
            edits=key if incoming.edited else "",
            in_passing=in_passing,
            actor=Actor(surface="mattermost", id=str(post["user_id"]), handle=incoming.handle),
            place=Place(
                surface="mattermost",
                channel=incoming.channel,
                thread=str(post.get("root_id") or ""),
                direct=direct,
                channel_name=channel_info.name,
                site=self.site,
            ),
            via=Via.DIRECT if direct else Via.MENTION,
            at=at,
            text=text,
            reply=ReplyRoute(post=incoming.id),
            files=_shared_files(post, f"{self.site}/_redirect/pl/{incoming.id}" if self.site else ""),
        )

    def _is_from_person(self, incoming: IncomingPost) -> bool:
        post = incoming.post
        props = post.get("props")
        props = props if isinstance(props, Mapping) else {}
        user = str(post.get("user_id") or "")
        if user == self.me or not is_id(user) or post.get("type") or post.get("delete_at"):
            return False
        machines = ("from_webhook", "from_plugin", *(() if user in self.bots else ("from_bot",)))
        if any(str(props.get(name, "")).lower() == "true" for name in machines):
            return False
        team = incoming.channel_info.team
        return not (self.team and team and team != self.team)

    def _text_for_bot(
        self, incoming: IncomingPost, command_in: Callable[[str, str], str]
    ) -> tuple[str | None, bool]:
        """None if it asks for nothing; and whether the mention is not at its start."""
        post = incoming.post
        message = str(post.get("message") or "").strip()
        mention = re.match(rf"@{re.escape(self.username)}(?:[:,]?\s+|[:,]?$)", message, re.IGNORECASE)
        if mention is not None:
            return message[mention.end() :].strip(), False
        if incoming.channel_info.type == "D":
            return message, False
        inside = re.search(rf"(?<![\w@`])@{re.escape(self.username)}(?![\w-])", message, re.IGNORECASE)
        text = command_in(message[: inside.start()], message[inside.end() :]) if inside else ""
        return text or None, True


def _shared_files(post: Mapping[str, Any], link: str) -> tuple[SharedFile, ...]:
    """All with the link of their post. Servers that leave out its metadata name no files."""
    ids, metadata = post.get("file_ids"), post.get("metadata")
    infos = metadata.get("files") if isinstance(metadata, Mapping) else None
    named = [info for info in infos if isinstance(info, Mapping)] if isinstance(infos, list) else []
    names = {info.get("id"): str(info.get("name") or "") for info in named if isinstance(info.get("id"), str)}
    found = [id for id in ids if isinstance(id, str)] if isinstance(ids, list) else []
    return tuple(SharedFile(name=names.get(id, ""), link=link) for id in found)


def written_at(incoming: IncomingPost, now: datetime) -> datetime:
    """When the post was written, but never later than ``now``."""
    return min(now, datetime.fromtimestamp(incoming.at / 1000, UTC)) if incoming.at else now
