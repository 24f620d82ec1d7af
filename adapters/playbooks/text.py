"""Text that Liaison writes to Mattermost, and how it is parsed back.

Text keeps its Markdown but must not mention people. Mattermost looks for ``@name`` outside code only. So code
stays as it is, and a name elsewhere becomes code: nothing invisible gets into what people copy. In an address the
``@`` is percent-encoded.
"""

import re

from adapters.toolkit.signing import TextSigner

MAX_POST_LENGTH = 16_383  # runes; Mattermost refuses a longer post with 400
MAX_NAME_LENGTH = 64  # of a channel's display name, which is made from the run's name
_ZERO_WIDTH_SPACE = "\u200b"  # after the "@" of a name, in what earlier versions wrote
_CODE = re.compile(
    r"((?:\A|(?<=\n))```[^`\n]*\n.*?(?:\Z|(?<=\n) {0,3}`{3,}[ \t]*(?=\n|\Z))|(?<![\\`])`[^`\n]+`(?!`))", re.DOTALL
)  # a fenced block or a span; "\`" does not open one
_NAME = r"@[\w.@/-]*[^\W_]"
_TOKEN = re.compile(rf"(?P<url>https?://[^\s`\\]+)|\\?(?<![A-Za-z0-9])(?P<name>{_NAME})|\\.|`", re.DOTALL)
_URL_NAME = re.compile(r"(?<![A-Za-z0-9])@(?=\w)")
_NAME_AS_CODE = re.compile(rf"`({_NAME})`")
_MARKDOWN = re.compile(r"([\\`*~\[\]<>|!#])")
_EMPHASIS = re.compile(r"(?<!\w)(\*\*|__|~~|\*|_)(?=\S)(.+?)(?<=\S)\1(?!\w)")
_LINK = re.compile(r"!?\[([^\]\n]{1,300})\]\((https?://[^\s)]{1,2000})\)")
_TASK_HEADER = re.compile(r"\A\*\*[^\n]+\*\*\n")


def escape_mentions(text: str) -> str:
    """A single backtick is escaped too: it could end code with a name in it."""
    parts = _CODE.split(text)
    if _URL_NAME.search(text):
        parts[::2] = [_TOKEN.sub(_escape_token, part) for part in parts[::2]]
    return "".join(parts)


def _escape_token(token: re.Match[str]) -> str:
    if token["url"]:
        return _URL_NAME.sub("%40", token["url"])
    if token["name"]:
        return f"`{token['name']}`"
    return token[0] if token[0] != "`" else r"\`"


def unescape_mentions(text: str) -> str:
    text = text.replace("@" + _ZERO_WIDTH_SPACE, "@")
    names = _NAME_AS_CODE.sub(r"\1", text)
    return text if names == text else names.replace(r"\`", "`")


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
