"""Patterns that authors of runbooks write for values."""

import regex

_SECONDS = 0.1


def matches(pattern: str, value: str) -> bool:
    """Whether all of the value matches. A pattern that takes too long, or is none, matches nothing."""
    try:
        return regex.fullmatch(pattern, value, timeout=_SECONDS) is not None
    except (TimeoutError, regex.error):
        return False
