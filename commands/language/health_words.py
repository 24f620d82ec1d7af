"""Words for the three healths, in every language."""

from collections.abc import Mapping

from adapters.toolkit.folding import fold

_HEALTHS: Mapping[str, tuple[str, ...]] = {
    "green": ("green", "verde"),
    "amber": ("amber", "yellow", "âmbar", "amarelo"),
    "red": ("red", "vermelho"),
}
_HEALTH_BY_WORD = {fold(word): health for health, words in _HEALTHS.items() for word in words}


def health_named(word: str) -> str:
    """ "green", "amber" or "red"; empty if the word names none of them."""
    return _HEALTH_BY_WORD.get(fold(word), "")
