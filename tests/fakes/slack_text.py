"""Encodes typed text as Slack does, and finds mentions in a bot's messages."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tests.fakes.slack_state import Posted

_MENTION_TYPES = ("user", "usergroup", "broadcast", "channel", "team")


def as_delivered(text: str, users: Mapping[str, str]) -> str:
    """Typed text as Slack delivers it: escaped, with mentions and links in angle brackets (Slack docs, "Formatting
    message text"). ``users`` maps names to ids of people and groups."""
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    text = re.sub(r"https?://[^\s\"]+", lambda found: f"<{found.group()}>", text)
    text = re.sub(r"@(channel|here|everyone)\b", r"<!\1>", text)
    return re.sub(r"@(\w+)\b", lambda at: _mention(users[at[1]], at[1]) if at[1] in users else at.group(), text)


def _mention(id: str, name: str) -> str:
    return f"<!subteam^{id}|@{name}>" if id.startswith("S") else f"<@{id}|{name}>"


def collapse_spaces(text: str) -> str:
    return re.sub(r"[^\S\n]+", " ", text)


def unsafe_texts(posts: Sequence[Posted]) -> list[str]:
    """Mentions, and control sequences other than dates."""
    found = [
        str(element)
        for post in posts
        for element in _elements(post.blocks)
        if element.get("type") in _MENTION_TYPES
    ]
    marked = [
        str(element["text"])
        for post in posts
        for element in _elements(post.blocks)
        if element.get("type") == "mrkdwn"
    ]
    texts = [*(post.text for post in posts), *marked]
    return found + [text for text in texts if re.search(r"<[@#]|<!(?!date\^)|&(?!lt;|gt;|amp;)", text)]


def _elements(part: Any) -> Iterator[Mapping[str, Any]]:
    """All objects in the blocks."""
    if isinstance(part, Mapping):
        yield part
        part = list(part.values())
    if isinstance(part, list):
        for item in part:
            yield from _elements(item)
