"""Escapes text from outside, so that Mattermost shows it literally: no markup, no mention, no hidden link.

There are two means, both checked against the server's mention parser and the client's Markdown: a backslash where
both accept one, and a zero-width space where they don't (``@ana``, ``#tag``, ``~channel``, ``:emoji:``,
``<http…>``, ``&lt;``). Plain http(s) URLs stay links, with everything that could be markup percent-encoded.
"""

import re
from urllib.parse import quote, urlsplit

ZERO_WIDTH_SPACE = "\u200b"  # neither a letter for Go's unicode.IsLetter nor a space for JavaScript's \s
_URL = re.compile(r"https?://[^\s<>\"'`\\^{}|\[\]]+")
_MAX_URL = 1000  # percent-encoding can make a URL twelve times as long
_BACKSLASH_ESCAPED = re.compile(r"[\\`*\[\]|]")
_UNDERSCORE = re.compile(r"(?<![^\W_])_|_(?![^\W_])")  # inside a word it isn't markup
_NEEDS_SPACE_AFTER = re.compile(r"[@#~<&](?!\s)|:(?![\s\d])|(?<!\d):(?=\d)")  # 14:03 is left alone
_LINE_MARKUP = re.compile(r"[#>+\-=]|\d+[.)]")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u202a-\u202e\u2066-\u2069\ufff9-\ufffb]")


def strip_controls(text: str) -> str:
    """Also removes direction overrides and lone surrogates, and normalizes line breaks."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").encode("utf-8", "replace").decode()
    return _CONTROL.sub("", text)


def one_line(text: str) -> str:
    return " ".join(strip_controls(text).split())


def escape(text: str, *, at_line_start: bool = True) -> str:
    """``at_line_start``: more characters are markup at the start of a line."""
    text = strip_controls(text)
    parts: list[str] = []
    position = 0
    for match in _URL.finditer(text):
        safe = safe_url(match.group())
        safe = _UNDERSCORE.sub("%5F", safe) if safe is not None else None
        if safe is not None and len(safe) <= _MAX_URL:
            parts += [_escape_plain(text[position : match.start()], at_line_start and position == 0), safe]
            position = match.end()
    parts.append(_escape_plain(text[position:], at_line_start and position == 0))
    return "".join(parts)


def _escape_plain(text: str, at_line_start: bool) -> str:
    if at_line_start:
        return _escape_lines(text)
    first, newline, rest = text.partition("\n")
    return _escape_inline(first) + (newline + _escape_lines(rest) if newline else "")


def _escape_lines(text: str) -> str:
    lines = []
    for line in text.split("\n"):
        indent = len(line) - len(line.lstrip(" \t"))
        body = line[indent:]
        separator = ZERO_WIDTH_SPACE if _LINE_MARKUP.match(body) else ""
        lines.append("\u00a0" * len(line[:indent].expandtabs(4)) + separator + _escape_inline(body))
    return "\n".join(lines)


def _escape_inline(text: str) -> str:
    text = _BACKSLASH_ESCAPED.sub(lambda match: "\\" + match.group(), text)
    text = _UNDERSCORE.sub(r"\\_", text)
    text = _NEEDS_SPACE_AFTER.sub(lambda match: match.group() + ZERO_WIDTH_SPACE, text)
    return text[:-1] + "\\!" if text.endswith("!") else text  # "!" followed by a link would be an image


def safe_url(url: str) -> str | None:
    """``url`` encoded for ``[…](…)``; None unless it is a plain http(s) URL."""
    url = strip_controls(url)
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return None
    if parts.scheme not in ("http", "https") or not parts.hostname or "@" in parts.netloc:
        return None
    host = parts.hostname.encode("utf-8", "replace").decode()
    if not re.fullmatch(r"[\w.-]+|[0-9a-f:.]+", host) or "_" in host:
        return None
    if ":" in host:
        host = f"[{host}]"
    suffix = _percent_encode(parts.path, "/")
    suffix += f"?{_percent_encode(parts.query, '/?')}" if parts.query else ""
    suffix += f"#{_percent_encode(parts.fragment, '/?')}" if parts.fragment else ""
    return f"{parts.scheme}://{host}{f':{port}' if port else ''}{suffix}"


def _percent_encode(text: str, safe: str) -> str:
    """Also encodes what could become an emoji (":"), a mention ("@"), a channel ("~") or Markdown."""
    return quote(text, safe=f"%+,;=&-.{safe}").replace("~", "%7E")


def code_markdown(text: str, *, block: bool) -> str:
    """A code span or block whose fence is longer than any run of backticks in ``text``."""
    text = strip_controls(text)
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    if block:
        fence = "`" * max(3, longest + 1)
        return f"{fence}\n{text}\n{fence}"
    text = one_line(text)
    if not text:
        return ""
    fence = "`" * (longest + 1)
    padding = " " if longest else ""
    return f"{fence}{padding}{text}{padding}{fence}"
