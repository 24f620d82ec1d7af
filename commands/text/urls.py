"""Finds the URLs in plain text, without the punctuation of the sentence around them."""

import re
from collections.abc import Iterator

_URL = re.compile(r"https?://[^\s<>\"'`\\^{}|\[\]]+")
_AFTER_URL = ".,:;!?*_~'"


def find_urls(text: str) -> Iterator[tuple[int, str]]:
    """(place, URL) of each http(s) URL."""
    for match in _URL.finditer(text):
        url = _without_punctuation(match.group())
        if not url.endswith("//"):
            yield match.start(), url


def _without_punctuation(url: str) -> str:
    """A closing parenthesis stays if the URL opens it."""
    end = len(url)
    opened, closed = url.count("("), url.count(")")
    while end and (url[end - 1] in _AFTER_URL or (url[end - 1] == ")" and closed > opened)):
        end -= 1
        opened -= url[end] == "("
        closed -= url[end] == ")"
    return url[:end]
