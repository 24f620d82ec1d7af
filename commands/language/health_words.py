"""Words for the three healths, in every language, and words that were probably meant to be one."""

from collections.abc import Mapping

from rapidfuzz import process
from rapidfuzz.distance import DamerauLevenshtein

from adapters.toolkit.folding import fold

_HEALTHS: Mapping[str, tuple[str, ...]] = {
    "green": ("green", "verde"),
    "amber": ("amber", "yellow", "âmbar", "amarelo"),
    "red": ("red", "vermelho"),
}
_OTHER_COLOURS: Mapping[str, tuple[str, ...]] = {
    "": ("purple", "blue", "pink", "violet", "grey", "gray", "black", "white", "roxo", "azul", "cinza", "preto"),
    "amber": ("orange", "gold", "laranja", "amarela", "🟡", "🟠", "🟨", "🟧"),
    "red": ("vermelha", "🔴", "🟥"),
    "green": ("🟢", "🟩"),
}
_OTHER_BY_WORD = {fold(word): health for health, words in _OTHER_COLOURS.items() for word in words}
_HEALTH_BY_WORD = {fold(word): health for health, words in _HEALTHS.items() for word in words}


def health_named(word: str) -> str:
    """ "green", "amber" or "red"; empty if the word names none of them."""
    return _HEALTH_BY_WORD.get(fold(word), "")


def is_health(name: str) -> bool:
    """Whether it is "green", "amber" or "red", or empty."""
    return not name or name in _HEALTHS


def split_unknown_colour(text: str) -> tuple[str, str]:
    """A first word that is no health and was probably meant as one ("gren", "purple"), and the rest. Without one:
    an empty string, and the text.

    Short words are compared by their letters only: "read" and "rede" are words of their own.
    """
    first, _, rest = text.partition(" ")
    word = fold(first).rstrip(":,;.!")
    return (first.rstrip(":,;.!"), rest.strip()) if word in _OTHER_BY_WORD or _near_miss(word) else ("", text)


def likely_health(word: str) -> str:
    """The health that the word was probably meant for; "" if any."""
    return _OTHER_BY_WORD.get(fold(word), "") or _HEALTH_BY_WORD.get(_near_miss(fold(word)), "")


def _near_miss(word: str) -> str:
    """The health word that this one is a typing mistake for."""
    if word in _HEALTH_BY_WORD or len(word) < 3:
        return ""
    for known in _HEALTH_BY_WORD:
        if len(known) < 4 and sorted(word) == sorted(known):
            return known
    long_words = [known for known in _HEALTH_BY_WORD if len(known) >= 5]
    best = process.extractOne(word[:40], long_words, scorer=DamerauLevenshtein.distance, score_cutoff=2)
    if best is None or word[0] != best[0][0]:
        return ""
    known, distance, _ = best
    return known if distance <= (1 if len(known) < 6 else 2) else ""
