"""Comparing words as people type them."""

import unicodedata
from functools import lru_cache


@lru_cache(maxsize=4096)
def fold(text: str) -> str:
    """For comparing: without case, accents and invisible marks, and with single spaces."""
    if text.isascii():
        return " ".join(text.casefold().split())
    letters = "".join(
        letter
        for letter in unicodedata.normalize("NFKD", text.casefold())
        if unicodedata.category(letter) not in ("Mn", "Cf")
    )
    return " ".join(letters.casefold().split())
