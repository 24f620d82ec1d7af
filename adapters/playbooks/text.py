"""Text that Liaison writes into Mattermost, made safe there, and read back.

A text keeps its Markdown, because Mattermost draws it; but nothing in it may call people. Mattermost looks for
``@name`` outside code only, so a name in code stays as typed (commands are copied from there), except the
three that call everybody, which are broken everywhere.
"""

import re

from adapters.writes import WriteMarker

LIMIT = 16_383  # runes in a post's message; a longer one is refused with 400
NAME_LIMIT = 64  # of a channel's display name, which a run's name becomes
_BREAK = "\u200b"  # zero width: people see no difference, Mattermost sees no name
_CODE = re.compile(
    r"((?:\A|(?<=\n))```[^`\n]*\n.*?(?:\Z|\n```[ \t]*(?=\n|\Z))|(?<![\\`])`[^`\n]+`(?!`))", re.DOTALL
)  # a fence of its own lines, or a span; "\`" opens none
_MENTION = re.compile(r"(?<![A-Za-z0-9])@(?=\w)")
# Mattermost takes punctuation off behind a name, the underscore too: "@channel_" calls everybody.
_EVERYBODY = re.compile(r"@(?=(?:channel|here|all)(?![A-Za-z0-9]))", re.IGNORECASE)
_MARKDOWN = re.compile(r"([\\`*~\[\]<>|!#])")
_SIGNED = re.compile(r"\n\n([^\n]+) \([0-9A-Z]{3,8}\)\s*\Z")
_TITLE = re.compile(r"\A\*\*[^\n]+\*\*\n")


def quiet(text: str) -> str:
    """The text, calling nobody."""
    parts = _CODE.split(text)
    parts[::2] = [_MENTION.sub("@" + _BREAK, part) for part in parts[::2]]
    return _EVERYBODY.sub("@" + _BREAK, "".join(parts))


def as_typed(text: str) -> str:
    """Undoes ``quiet``."""
    return text.replace("@" + _BREAK, "@")


def plain(text: str) -> str:
    """One line that Mattermost draws letter by letter: for titles and names."""
    return quiet(_MARKDOWN.sub(r"\\\1", " ".join(text.split())))


def signature(mark: WriteMarker) -> str:
    return f"{plain(mark.who)} ({mark.code})"


def signed(text: str, mark: WriteMarker) -> str:
    return f"{quiet(text)}\n\n{signature(mark)}"


def about(task: str, text: str) -> str:
    """A text with the task's title over it."""
    return f"**{plain(task)}**\n{text}"


def unsigned(text: str, by: str) -> tuple[str, str]:
    """(what was typed, who typed it) of one of our own texts, as read; ``by`` where it is not signed."""
    found = _SIGNED.search(text)
    if found is None:
        return text, by
    return _TITLE.sub("", text[: found.start()]), found[1]


def run_name(title: str, handle: str) -> str:
    """At most ``NAME_LIMIT`` letters, and never without the handle, by which settling finds the run."""
    title = " ".join(title.split())
    if handle and handle not in title[:NAME_LIMIT]:
        title = f"{handle} {title}"
    return title[:NAME_LIMIT].rstrip()
