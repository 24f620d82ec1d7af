"""What all parsers of deliveries need: who sent it, where, and its key."""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bot.surfaces.slack.identity import Identity
from commands.model.messages import Actor, Place, SharedFile


@dataclass(frozen=True, slots=True)
class Parser:
    identity: Identity
    now: datetime

    def _workspace(self, body: Mapping[str, Any]) -> str:
        """The bot's own: in shared channels and Enterprise Grid, deliveries of one message name different ones."""
        team = body.get("team") or {}
        return self.identity.team or str(body.get("team_id") or team.get("id") or "")

    def _team(self, body: Mapping[str, Any]) -> str:
        if not self.identity.is_organization:
            return ""
        team, user = body.get("team") or {}, body.get("user")
        of_user = user.get("team_id") if isinstance(user, Mapping) else ""
        return str(body.get("team_id") or team.get("id") or of_user or "")

    def _key(self, body: Mapping[str, Any], unique_part: str) -> str:
        return f"slack:{self._workspace(body)}:{unique_part}"

    def _actor(self, body: Mapping[str, Any], user: Mapping[str, Any]) -> Actor:
        handle = str(user.get("username") or user.get("name") or "")
        name = str(user.get("name") or handle)
        workspace = self._workspace(body)
        return Actor(surface="slack", workspace=workspace, id=str(user.get("id") or ""), name=name, handle=handle)

    def _place(
        self, body: Mapping[str, Any], channel: str, *, name: str = "", thread: str = "", direct: bool = False
    ) -> Place:
        workspace = self._workspace(body)
        return Place(
            surface="slack",
            workspace=workspace,
            channel=channel,
            channel_name=name,
            thread=thread,
            direct=direct,
            team=self._team(body),
        )


def thread_of(message_body: Mapping[str, Any]) -> str:
    """The thread that a message is in. The first message of a thread is in the channel."""
    thread = str(message_body.get("thread_ts") or "")
    return "" if thread == str(message_body.get("ts") or message_body.get("message_ts") or "") else thread


def shared_files(message_body: Mapping[str, Any], link: str) -> tuple[SharedFile, ...]:
    """``link``: of the message, for a file that has no link of its own in Slack."""
    files = message_body.get("files")
    found = [file for file in files if isinstance(file, Mapping)] if isinstance(files, list) else []
    return tuple(
        SharedFile(name=str(file.get("name") or file.get("title") or ""), link=_file_link(file) or link)
        for file in found
    )


def _file_link(file: Mapping[str, Any]) -> str:
    url = str(file.get("permalink") or "")
    return url if re.fullmatch(r"https://[\w.-]+\.slack\.com/[\w./%~-]+", url, re.ASCII) else ""


def digest(body: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(body, sort_keys=True, default=str).encode()).hexdigest()[:32]
