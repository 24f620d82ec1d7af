"""What Slack makes of typed words, and what in a bot's messages would ring for somebody."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tests.fakes.slack_state import Posted

_RINGING = ("user", "usergroup", "broadcast", "channel", "team")


def as_sent(text: str, users: Mapping[str, str]) -> str:
    """Typed words as Slack delivers them (docs.slack.dev/messaging/formatting-message-text): escaped, mentions and
    links in angle brackets. ``users``: name -> id."""
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    text = re.sub(r"https?://[^\s\"]+", lambda found: f"<{found.group()}>", text)
    text = re.sub(r"@(channel|here|everyone)\b", r"<!\1>", text)
    return re.sub(r"@(\w+)\b", lambda at: f"<@{users[at[1]]}|{at[1]}>" if at[1] in users else at.group(), text)


def as_read(words: str) -> str:
    """Blanks evened out."""
    return re.sub(r"[^\S\n]+", " ", words)


def alarms(posts: Sequence[Posted]) -> list[str]:
    """Live mentions, and control sequences that nobody of us wrote; dates may stand in a text."""
    found = [str(piece) for post in posts for piece in _pieces(post.blocks) if piece.get("type") in _RINGING]
    marked = [
        str(piece["text"]) for post in posts for piece in _pieces(post.blocks) if piece.get("type") == "mrkdwn"
    ]
    texts = [*(post.text for post in posts), *marked]
    return found + [text for text in texts if re.search(r"<[@#]|<!(?!date\^)|&(?!lt;|gt;|amp;)", text)]


def _pieces(part: Any) -> Iterator[Mapping[str, Any]]:
    """Every object in the blocks."""
    if isinstance(part, Mapping):
        yield part
        part = list(part.values())
    if isinstance(part, list):
        for one in part:
            yield from _pieces(one)
