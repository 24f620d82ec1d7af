"""Text that Liaison writes to Mattermost, and how it is parsed back.

Text keeps its Markdown but must not mention people. Mattermost looks for ``@name`` outside code only, so code
stays unchanged and commands can be copied from it. ``@channel``, ``@here`` and ``@all`` are escaped everywhere.
"""

import re

from adapters.toolkit.signing import TextSigner

MAX_POST_LENGTH = 16_383  # runes; Mattermost refuses a longer post with 400
MAX_NAME_LENGTH = 64  # of a channel's display name, which is made from the run's name
_ZERO_WIDTH_SPACE = "\u200b"  # invisible to people, and Mattermost no longer sees a name
_CODE = re.compile(
    r"((?:\A|(?<=\n))```[^`\n]*\n.*?(?:\Z|\n```[ \t]*(?=\n|\Z))|(?<![\\`])`[^`\n]+`(?!`))", re.DOTALL
)  # a fenced block or a span; "\`" does not open one
_MENTION = re.compile(r"(?<![A-Za-z0-9])@(?=\w)")
# Mattermost strips punctuation after a name, including underscores: "@channel_" mentions everybody.
_MENTION_ALL = re.compile(r"@(?=(?:channel|here|all)(?![A-Za-z0-9]))", re.IGNORECASE)
_MARKDOWN = re.compile(r"([\\`*~\[\]<>|!#])")
_EMPHASIS = re.compile(r"(?<!\w)(\*\*|__|~~|\*|_)(?=\S)(.+?)(?<=\S)\1(?!\w)")
_LINK = re.compile(r"!?\[([^\]\n]{1,300})\]\((https?://[^\s)]{1,2000})\)")
_TASK_HEADER = re.compile(r"\A\*\*[^\n]+\*\*\n")


def escape_mentions(text: str) -> str:
    parts = _CODE.split(text)
    parts[::2] = [_MENTION.sub("@" + _ZERO_WIDTH_SPACE, part) for part in parts[::2]]
    return _MENTION_ALL.sub("@" + _ZERO_WIDTH_SPACE, "".join(parts))


def unescape_mentions(text: str) -> str:
    return text.replace("@" + _ZERO_WIDTH_SPACE, "@")


def escape_line(text: str) -> str:
    """One line without Markdown and mentions, for titles and names."""
    return escape_mentions(_MARKDOWN.sub(r"\\\1", " ".join(text.split())))


SIGNER = TextSigner(escape=escape_mentions, escape_name=escape_line, unescape=unescape_mentions)


def plain(text: str) -> str:
    """Without the markup that Playbooks and people put into posts. Code stays as it is."""
    parts = _CODE.split(unescape_mentions(text))
    parts[::2] = [_EMPHASIS.sub(r"\2", _LINK.sub(_shown_link, part)) for part in parts[::2]]
    return "".join(parts).strip()


def _shown_link(link: re.Match[str]) -> str:
    return link[2] if link[1] == link[2] else f"{link[1]} ({link[2]})"


def with_task_header(title: str, text: str) -> str:
    return f"**{escape_line(title)}**\n{text}"


def parse_signed(text: str, default_author: str) -> tuple[str, str]:
    """(text, author) of a text that Liaison wrote; ``default_author`` if it has no signature."""
    signed = SIGNER.read(text)
    if not signed.by:
        return text, default_author
    return _TASK_HEADER.sub("", signed.text), signed.by


def run_name(title: str, handle: str) -> str:
    """At most ``MAX_NAME_LENGTH`` characters, always with the handle: a lost start is found by it."""
    title = " ".join(title.split())
    if handle and handle not in title[:MAX_NAME_LENGTH]:
        title = f"{handle} {title}"
    return title[:MAX_NAME_LENGTH].rstrip()
