"""Text on its way to Xurrent and back.

Everything is written as the token's person, so each text ends in a line that says who it is for. Xurrent renders
``<@209|Ellen>`` in notes as a mention ("Text Formatting"); text typed in chat must not notify anybody there, so
such a mention, and nothing else, gets a blank that everybody can see: ``< @209|Ellen>``.
"""

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from adapters.toolkit.messages import message_text
from adapters.toolkit.signing import TextSigner
from adapters.writes import SetStatus, WriteMarker

MESSAGES = Path(__file__).with_name("messages.toml")
SOURCE = "liaison"  # the `source` of every record that we create; at most 30 characters
MAX_NOTE_BYTES = 64 * 1024
MAX_SUBJECT_LENGTH = 255
_MENTION = re.compile(r"<(?=@[^<>]{1,200}>)")
_ESCAPED_MENTION = re.compile(r"<(?: (?=@[^<>]{1,200}>)|\u200b(?=@))")  # earlier versions wrote the second


def label(name: str, **facts: object) -> str:
    """A text of the catalogue's ``[xurrent.label]`` table."""
    return message_text(MESSAGES, f"xurrent.label.{name}", **facts)


def escape_mentions(text: str) -> str:
    return _MENTION.sub("< ", text)


def unescape_mentions(text: str) -> str:
    return _ESCAPED_MENTION.sub("<", text)


SIGNER = TextSigner(before=r"\n[^\S\n]*\n", escape=escape_mentions, unescape=unescape_mentions)


def status_text(step: SetStatus) -> str:
    """Xurrent runs have no health and no promised update, so both are written as text."""
    due = f"\nNext update: {_format_time(step.next_at)}" if step.next_at else ""
    return f"{step.health_word}{step.text.rstrip()}{due}"


def source_id(marker: WriteMarker) -> str:
    """The ``sourceID`` of a record that this write creates; at most 128 characters.

    A receipt code alone may come up again, so the time of the message is part of it.
    """
    return f"{marker.code}-{marker.at.astimezone(UTC):%Y%m%dT%H%M%S}"


def wire_time(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def halted_text(titles: Sequence[str]) -> str:
    return label("halted_by", tasks=", ".join(titles)) if titles else label("halted")


def is_too_long(text: str) -> bool:
    return len(text.encode()) > MAX_NOTE_BYTES


def _format_time(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
