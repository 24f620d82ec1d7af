"""Fuzzy search in titles. Case and accents never matter.

Only words are matched loosely. A number, a handle ("T2") or an id is exact: a title without it is no match,
however similar the rest. A link matches no title but its own.

There are four ranks: exact title, prefix, words of the title, near miss. The first rank with any match decides:
one match is taken, several are a choice.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from rapidfuzz import fuzz

from adapters.toolkit.folding import fold

T = TypeVar("T")

# Scores are of 100.
_MIN_SCORE = 80.0  # a near miss
_MIN_LEAD = 8.0  # of the best near miss over the second, to be taken alone
_MIN_GUESS_SCORE = 60.0  # good enough for "did you mean"
_MIN_WORD_SCORE = 70.0  # one word, mistyped but not another word
_NEAR_MISS = 3  # the rank
_MOST_GUESSES = 3
_MIN_LENGTH = 4  # shorter queries match by accident
_WORD = re.compile(r"[^\W_]+")
_DIGIT = re.compile(r"\d")
MAX_LENGTH = 400  # comparing longer queries takes seconds, and nobody remembers such a title


@dataclass(frozen=True)
class Matches(Generic[T]):
    """``single`` is the one match, ``several`` are equally good ones (best first), ``guesses`` are no matches.

    ``rank``: 0 exact title, 1 prefix, 2 words of the title, 3 near miss, 9 no match.
    """

    rank: int = 9
    single: T | None = None
    several: tuple[T, ...] = ()
    guesses: tuple[T, ...] = ()

    @property
    def is_near_miss(self) -> bool:
        """Whether ``single`` was found only because it is similar to what was typed."""
        return self.rank == _NEAR_MISS and self.single is not None

    @property
    def is_exact(self) -> bool:
        return self.rank == 0


def find_matches(query: str, items: Iterable[tuple[str, T]], *, typing: bool = False) -> Matches[T]:
    """``items`` are (title, item) in the order that a choice should keep. An empty query matches all of them.

    ``typing``: as in a search field that answers while somebody types. The query may end within a number, and the
    beginning of any word matches like that of the title.
    """
    query = fold(query)
    folded = [(fold(title), item) for title, item in items]
    if not query:
        return Matches(several=tuple(item for _, item in folded))
    wanted = set() if typing else _numbered_words(query)
    candidates = [pair for pair in folded if not wanted or wanted <= _numbered_words(pair[0])]
    ranks = (_is_equal, _begins_words if typing else _is_prefix, _has_words)
    for rank, is_match in enumerate(ranks[: 2 if len(query) > MAX_LENGTH else 3]):
        found = [item for title, item in candidates if is_match(title, query)]
        if found:
            return _ranked_matches(found, rank)
        if "://" in query:
            return Matches()
    near = _near_misses(query, candidates)
    return near if near.rank == _NEAR_MISS else Matches(guesses=_guesses(query, folded))


def _numbered_words(text: str) -> set[str]:
    """The words with a digit ("T2", "17", "eu1"), which are never matched loosely."""
    return {word for word in _WORD.findall(text) if _DIGIT.search(word)}


def _is_equal(title: str, query: str) -> bool:
    return title == query


def _is_prefix(title: str, query: str) -> bool:
    return title.startswith(query)


def _has_words(title: str, query: str) -> bool:
    return len(query) >= _MIN_LENGTH and _begins_words(title, query)


def _begins_words(title: str, query: str) -> bool:
    """Whether every word of the query is the beginning of a word of the title."""
    words = title.split()
    return all(any(word.startswith(beginning) for word in words) for beginning in query.split())


def _ranked_matches(found: Sequence[T], rank: int) -> Matches[T]:
    return Matches(rank, single=found[0]) if len(found) == 1 else Matches(rank, several=tuple(found))


def _near_misses(query: str, items: Sequence[tuple[str, T]]) -> Matches[T]:
    if not _MIN_LENGTH <= len(query) <= MAX_LENGTH:
        return Matches()
    matches = _best([(_match_score(query, title), item) for title, item in items], _MIN_SCORE)
    if matches and (len(matches) == 1 or matches[0][0] - matches[1][0] >= _MIN_LEAD):
        return Matches(_NEAR_MISS, single=matches[0][1])
    if matches:
        return Matches(_NEAR_MISS, several=tuple(item for _, item in matches))
    return Matches()


def _guesses(query: str, items: Sequence[tuple[str, T]]) -> tuple[T, ...]:
    """For "did you mean": a person picks one, so that their numbers may differ."""
    if not _MIN_LENGTH <= len(query) <= MAX_LENGTH:
        return ()
    guesses = _best([(_guess_score(query, title), item) for title, item in items], _MIN_GUESS_SCORE)
    return tuple(item for _, item in guesses[:_MOST_GUESSES])


def _best(scored: Sequence[tuple[float, T]], min_score: float) -> list[tuple[float, T]]:
    return sorted((pair for pair in scored if pair[0] >= min_score), key=lambda pair: -pair[0])


def _match_score(query: str, title: str) -> float:
    """For mistyped or reordered words. A query with more words than the title scores 0: it may say "not"."""
    if len(query.split()) > len(title.split()):
        return 0.0
    return _similarity(query, title)


def _similarity(query: str, title: str) -> float:
    return max(fuzz.ratio(query, title), fuzz.token_sort_ratio(query, title))


def _guess_score(query: str, title: str) -> float:
    """Also high for a title with other words around it, or with a word or two mistyped."""
    return max(_similarity(query, title), fuzz.token_set_ratio(query, title), _word_score(query, title))


def _word_score(query: str, title: str) -> float:
    """The mean of each word's best score in the title; 0 if any word matches none."""
    scores = [max((fuzz.ratio(word, other) for other in title.split()), default=0.0) for word in query.split()]
    return sum(scores) / len(scores) if min(scores) >= _MIN_WORD_SCORE else 0.0
