"""Outside text as Mattermost Markdown that shows exactly that text: no markup, no live mention, no link.

Two means, both checked against the server's own mention parser and the client's Markdown: a backslash where
both accept one, and a zero-width space where they do not (``@ana``, ``#tag``, ``~channel``, ``:emoji:``,
``<http…>``, ``&lt;``). Plain http(s) addresses stay links, with everything that could be markup percent-encoded.
"""

import re
from urllib.parse import quote, urlsplit

GAP = "\u200b"  # neither letter nor blank to Go's unicode.IsLetter and JavaScript's \s: it only parts things
_URL = re.compile(r"https?://[^\s<>\"'`\\^{}|\[\]]+")
_LONGEST_URL = 1000  # percent-encoding can make one twelve times as long
_BACKSLASHED = re.compile(r"[\\`*\[\]|]")
_UNDERSCORE = re.compile(r"(?<![^\W_])_|_(?![^\W_])")  # inside a word it is no markup
_PARTED = re.compile(r"[@#~<&](?!\s)|:(?![\s\d])|(?<!\d):(?=\d)")  # 14:03 stays as it is
_LINE_OPENER = re.compile(r"[#>+\-=]|\d+[.)]")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u202a-\u202e\u2066-\u2069\ufff9-\ufffb]")


def clean(words: str) -> str:
    """Without what a database, a terminal or a reader's eye would stumble over: controls, bidi overrides."""
    words = words.replace("\r\n", "\n").replace("\r", "\n").encode("utf-8", "replace").decode()
    return _CONTROL.sub("", words)


def one_line(words: str) -> str:
    return " ".join(clean(words).split())


def escape(words: str, *, opens_line: bool = True) -> str:
    """``opens_line``: whether ``words`` stand at the beginning of a line, where more things are markup."""
    words = clean(words)
    pieces: list[str] = []
    at = 0
    for found in _URL.finditer(words):
        safe = address(found.group())
        safe = _UNDERSCORE.sub("%5F", safe) if safe is not None else None
        if safe is not None and len(safe) <= _LONGEST_URL:
            pieces += [_plain(words[at : found.start()], opens_line and at == 0), safe]
            at = found.end()
    pieces.append(_plain(words[at:], opens_line and at == 0))
    return "".join(pieces)


def _plain(words: str, opens_line: bool) -> str:
    if opens_line:
        return _lines(words)
    head, newline, tail = words.partition("\n")
    return _inline(head) + (newline + _lines(tail) if newline else "")


def _lines(words: str) -> str:
    lines = []
    for line in words.split("\n"):
        indent = len(line) - len(line.lstrip(" \t"))
        body = line[indent:]
        opener = GAP if _LINE_OPENER.match(body) else ""
        lines.append("\u00a0" * len(line[:indent].expandtabs(4)) + opener + _inline(body))
    return "\n".join(lines)


def _inline(words: str) -> str:
    words = _BACKSLASHED.sub(lambda found: "\\" + found.group(), words)
    words = _UNDERSCORE.sub(r"\\_", words)
    words = _PARTED.sub(lambda found: found.group() + GAP, words)
    return words[:-1] + "\\!" if words.endswith("!") else words  # "!" and then a link would be an image


def address(url: str) -> str | None:
    """``url`` as it may stand in ``[…](…)``, or None when it is not one that a link should lead to."""
    url = clean(url)
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
    rest = _quoted(parts.path, "/")
    rest += f"?{_quoted(parts.query, '/?')}" if parts.query else ""
    rest += f"#{_quoted(parts.fragment, '/?')}" if parts.fragment else ""
    return f"{parts.scheme}://{host}{f':{port}' if port else ''}{rest}"


def _quoted(words: str, also: str) -> str:
    """Encodes ":" (an emoji's), "@" (a mention's), "~" (a channel's), and what is Markdown's own."""
    return quote(words, safe=f"%+,;=&-.{also}").replace("~", "%7E")


def code(words: str, *, block: bool) -> str:
    """A code span or block that ``words`` cannot end: its fence is longer than any run of backticks inside."""
    words = clean(words)
    longest = max((len(run) for run in re.findall(r"`+", words)), default=0)
    if block:
        fence = "`" * max(3, longest + 1)
        return f"{fence}\n{words}\n{fence}"
    words = one_line(words)
    if not words:
        return ""
    fence = "`" * (longest + 1)
    room = " " if longest else ""
    return f"{fence}{room}{words}{room}{fence}"
