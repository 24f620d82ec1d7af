"""Comparing words as people type them."""

import unicodedata


def fold(text: str) -> str:
    """For comparing: without case, accents and invisible marks, and with single spaces."""
    letters = "".join(
        letter
        for letter in unicodedata.normalize("NFKD", text.casefold())
        if unicodedata.category(letter) not in ("Mn", "Cf")
    )
    return " ".join(letters.casefold().split())
