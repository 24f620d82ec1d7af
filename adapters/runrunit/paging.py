"""Runrun.it's pages, and their traps (contract sheet, section 1).

A page out of range is answered with page 1, so "until it is empty" never ends; the ``Link`` header is relative
and lacks the version, so only its page number is taken; the default limit is 100, and for tasks said to be
1000, so it is always sent.
"""

import re
from collections.abc import Mapping
from urllib.parse import parse_qs, urlsplit

LIMIT = 100
MOST = 1000  # things: a minute has 80 calls in all
MAX_PAGES = 20  # where pages are smaller than was asked for
PAGES_OF_ALL = 3

_NEXT = re.compile(r'<([^<>]*)>\s*;[^,<]*\brel="?next\b"?', re.IGNORECASE)
_RANGE = re.compile(r"\b(\d{1,9})\s{0,9}-\s{0,9}(\d{1,9})\s{0,9}/\s{0,9}(\d{1,9})")


def next_link(headers: Mapping[str, str]) -> str | None:
    found = _NEXT.search(headers.get("link", ""))
    return found[1] if found else None


def next_page(headers: Mapping[str, str], page: int) -> int | None:
    """The page after ``page``; None where the headers say that there is none."""
    link = next_link(headers)
    shown = _RANGE.search(headers.get("x-item-range", ""))
    if shown is not None and int(shown[2]) >= int(shown[3]):
        return None
    if link is None:
        return page + 1 if shown is not None and "link" not in headers else None
    try:
        numbers = parse_qs(urlsplit(link).query).get("page", [])
    except ValueError:
        numbers = []
    number = int(numbers[0]) if numbers and re.fullmatch(r"[0-9]{1,9}", numbers[0]) else 0
    return number if number > page else None
