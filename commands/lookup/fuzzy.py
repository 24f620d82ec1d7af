"""Fuzzy titles: what typed words name, among things that have titles. Case and accents never matter.

An exact title wins, then a prefix, then words inside a title, then a near miss. The first of these that fits
anything decides: one fit is taken, several are a choice.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from rapidfuzz import fuzz

from commands.language.tokens import folded

T = TypeVar("T")

_FITS = 80.0  # of 100: near enough to be what was meant
_AHEAD = 8.0  # by how much the best near miss must beat the next to be taken alone
_NEAR = 3
_GUESS = 60.0  # near enough for "did you mean"
_WORD = 70.0  # of one word: mistyped, and not another word
_MOST_GUESSES = 3
_SHORTEST = 4  # shorter words than this fit by accident
_LONGEST = 400  # longer words are no title that somebody half remembers, and comparing them takes seconds


@dataclass(frozen=True)
class Matches(Generic[T]):
    """``one``: beyond doubt. Else ``several`` that fit alike, best first. Else ``guesses`` that do not fit.

    ``rank``: 0 for an exact title, then prefix, words inside, near miss: lower is surer.
    """

    rank: int = 9
    one: T | None = None
    several: tuple[T, ...] = ()
    guesses: tuple[T, ...] = ()


def match(words: str, things: Iterable[tuple[str, T]]) -> Matches[T]:
    """``things`` are (title, thing), in the order that a choice should keep."""
    wanted = folded(words)
    titled = [(folded(title), thing) for title, thing in things]
    if not wanted:
        return Matches(several=tuple(thing for _, thing in titled))
    for rank, fits in enumerate((_equal, _starts, _holds)[: 2 if len(wanted) > _LONGEST else 3]):
        found = [thing for title, thing in titled if fits(title, wanted)]
        if found:
            return _one_or_several(found, rank)
    return _near(wanted, titled)


def _equal(title: str, wanted: str) -> bool:
    return title == wanted


def _starts(title: str, wanted: str) -> bool:
    return title.startswith(wanted)


def _holds(title: str, wanted: str) -> bool:
    """Every typed word begins a word of the title."""
    words = title.split()
    return len(wanted) >= _SHORTEST and all(any(word.startswith(w) for word in words) for w in wanted.split())


def _one_or_several(found: Sequence[T], rank: int) -> Matches[T]:
    return Matches(rank, one=found[0]) if len(found) == 1 else Matches(rank, several=tuple(found))


def _near(wanted: str, titled: Sequence[tuple[str, T]]) -> Matches[T]:
    if not _SHORTEST <= len(wanted) <= _LONGEST:
        return Matches()
    fits = _ranked([(_nearness(wanted, title), thing) for title, thing in titled], _FITS)
    if fits and (len(fits) == 1 or fits[0][0] - fits[1][0] >= _AHEAD):
        return Matches(_NEAR, one=fits[0][1])
    if fits:
        return Matches(_NEAR, several=tuple(thing for _, thing in fits))
    guesses = _ranked([(_resemblance(wanted, title), thing) for title, thing in titled], _GUESS)
    return Matches(guesses=tuple(thing for _, thing in guesses[:_MOST_GUESSES]))


def _ranked(scored: Sequence[tuple[float, T]], least: float) -> list[tuple[float, T]]:
    return sorted((pair for pair in scored if pair[0] >= least), key=lambda pair: -pair[0])


def _nearness(wanted: str, title: str) -> float:
    """Mistyped or in another order. More words than the title has are no near miss: they may say "not"."""
    if len(wanted.split()) > len(title.split()):
        return 0.0
    return _likeness(wanted, title)


def _likeness(wanted: str, title: str) -> float:
    return max(fuzz.ratio(wanted, title), fuzz.token_sort_ratio(wanted, title))


def _resemblance(wanted: str, title: str) -> float:
    """Good enough to ask about: the title with words around it, or a word or two of it mistyped."""
    return max(_likeness(wanted, title), fuzz.token_set_ratio(wanted, title), _word_by_word(wanted, title))


def _word_by_word(wanted: str, title: str) -> float:
    """How near each typed word is to some word of the title; 0 where one is near none."""
    near = [max((fuzz.ratio(word, other) for other in title.split()), default=0.0) for word in wanted.split()]
    return sum(near) / len(near) if min(near) >= _WORD else 0.0
