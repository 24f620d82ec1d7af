"""Escapes text from outside, so that Mattermost shows it literally: no markup, no mention, no hidden link.

What people copy is what was written: nothing invisible is added. A backslash stops most markup, and an entity
what the web client's Markdown lets no backslash stop. Neither stops a mention, because the server looks for names
in the text that they stand for: "@ana" is put into a code span. Plain http(s) URLs stay links, in the form that
says where they end.
"""

import re
from urllib.parse import quote, urlsplit

from commands.text.urls import find_urls

_MAX_URL = 1000  # percent-encoding can make a URL twelve times as long
_MENTION = re.compile(r"(?<![A-Za-z0-9])@[\w.@-]*[\w@]|@$")  # in "ana@example.com" there is none
_MARKUP = re.compile(
    r"[`*\[\]|]|[#~](?!\s)"
    r"|(?<![^\W_])_|_(?![^\W_])"  # inside a word an underscore isn't markup
    r"|\\|[<&](?!\s)"
    r"|(?<!\d):(?=[\w+-]+:)"  # an emoji's; 14:03:10 is left alone
)
_WITHOUT_BACKSLASH = "\\<&:="  # in the web client a backslash before one of these is shown, at least sometimes
_LINE_MARKUP = re.compile(r"[#>+-]|\d+(?=[.)])|=(?==*\s*$)")
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
    for start, url in find_urls(text):
        safe = safe_url(url)
        if safe is not None and len(safe) <= _MAX_URL:
            parts += [_escape_plain(text[position:start], at_line_start and position == 0), f"<{safe}>"]
            position = start + len(url)
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
        body = line.lstrip(" \t")
        indent = min(len(line) - len(body), 3)  # four spaces would make it code
        lines.append(" " * indent + _escape_line_start(body))
    return "\n".join(lines)


def _escape_line_start(text: str) -> str:
    match = _LINE_MARKUP.match(text)
    if match is None:
        return _escape_inline(text)
    number, start = (match.group(), match.end()) if match.group().isdigit() else ("", 0)
    return number + _escape_character(text[start]) + _escape_inline(text[start + 1 :])


def _escape_inline(text: str) -> str:
    parts: list[str] = []
    position = 0
    for match in _MENTION.finditer(text):
        parts += [_escape_prose(text[position : match.start()]), f"`{match.group()}`"]
        position = match.end()
    parts.append(_escape_prose(text[position:]))
    return "".join(parts)


def _escape_prose(text: str) -> str:
    text = _MARKUP.sub(lambda match: _escape_character(match.group()), text)
    return text[:-1] + "\\!" if text.endswith("!") else text  # "!" followed by a link would be an image


def _escape_character(character: str) -> str:
    return f"&#{ord(character)};" if character in _WITHOUT_BACKSLASH else f"\\{character}"


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
    text = text.replace("\n", " ")
    if not text.strip():
        return ""
    fence = "`" * (longest + 1)
    padding = " " if longest else ""
    return f"{fence}{padding}{text}{padding}{fence}"
