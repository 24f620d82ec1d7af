"""What a heading says about the text below it: a procedure, context, a step of its own, or nothing.

The words are in ``headings.toml``, in six languages; a platform's settings add more.
"""

import re
import tomllib
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum, auto
from functools import cached_property
from pathlib import Path

_WORDS = tomllib.loads(Path(__file__).with_name("headings.toml").read_text(encoding="utf-8"))
_MOST_WORDS = 9  # of a heading that still names the kind of text below it; a longer one is a sentence
_PUNCTUATION = re.compile(r"[^\w*]+")
_DETAILS = re.compile(r"[:：(（–—]|\s-\s")
_NUMBER = re.compile(r"\(?(\d{1,3})(?:\.\d{1,3})*(?:[.):：]|\s*[-–—](?=\s))\s*(?=\S)")
_SECTION_NUMBER = re.compile(r"\d{1,3}(?:\.\d{1,3})+\s+(?=\S)")  # 1.2 Title
_STEP_END = re.compile(r"\s*[.):：–—-]|\s*$")
_STEP_NUMBER = re.compile(r"#?\s*\d{1,3}(?:\.\d{1,3})*[a-z]?(?!\w)")
_BOX = re.compile(r"\\?\[[ \txX]?\\?\](?=\s|$)|[☐☑☒◻◽⬜▢□✅✔](?=\ufe0f|\s|\w)\ufe0f?")


class Kind(StrEnum):
    PROCEDURE = auto()
    CONTEXT = auto()
    STEP = auto()
    """It is a step itself: "Step 1: Copy"."""
    PLAIN = auto()


def box_end(text: str) -> int:
    """Where the check box that ``text`` opens with ends, however it is drawn; 0 without one."""
    found = _BOX.match(text)
    return found.end() if found else 0


def is_ticked(text: str) -> bool:
    return text[: box_end(text)].strip("\\").lower() in ("[x]", "[x\\]", "☑", "☒", "✅", "✔")


def without_number(title: str) -> str:
    """Without the number that it opens with: "1. Copy" becomes "Copy", and "Step 1: Copy" stays."""
    found = _SECTION_NUMBER.match(title) or _NUMBER.match(title)
    return title[found.end() :] if found else title


def has_number(title: str) -> bool:
    return without_number(title) != title


def _plain(text: str) -> str:
    """Without case, accents, marks and further spaces. Kana keep their voicing."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    folded = "".join(
        character if ord(character) > 0x3000 else unicodedata.normalize("NFD", character)[0]
        for character in folded
    )
    return " ".join(_PUNCTUATION.sub(" ", folded).split())


@dataclass(frozen=True)
class Vocabulary:
    """The words of ``headings.toml`` and those that settings add."""

    procedure: Sequence[str] = ()
    context: Sequence[str] = ()
    _kinds: dict[str, Kind] = field(default_factory=dict, compare=False)

    def kind(self, heading: str) -> Kind:
        """``heading``: as shown, without markup."""
        if heading not in self._kinds:
            if len(self._kinds) > 5000:
                self._kinds.clear()
            self._kinds[heading] = self._find_kind(heading)
        return self._kinds[heading]

    def _find_kind(self, heading: str) -> Kind:
        if box_end(heading) or self.is_step(heading):
            return Kind.STEP
        return self._named(without_number(heading))

    def lead_in_kind(self, sentence: str) -> Kind:
        """Of a sentence that ends with a colon, for the list below it."""
        if not sentence.endswith((":", "：")):
            return Kind.PLAIN
        named = self._named(sentence, with_verbs=False)
        return (
            named if named is not Kind.PLAIN or _STEPS.isdisjoint(_plain(sentence).split(" ")) else Kind.PROCEDURE
        )

    def is_step(self, text: str, *, punctuated: bool = False) -> bool:
        """Whether ``text`` opens as "Step 1" does; ``punctuated``: and as "Step 1:", since a sentence may too."""
        word = _plain(text[:40]).split(" ")[0].rstrip("0123456789")
        if word not in _STEP_WORDS:
            return False
        rest = text.lstrip("*_# ")[len(word) :].lstrip()
        number = _STEP_NUMBER.match(rest)
        return number is not None and (not punctuated or _STEP_END.match(rest, number.end()) is not None)

    def is_step_column(self, heading: str) -> bool:
        return _plain(without_number(heading)) in _COLUMNS

    def _named(self, title: str, *, with_verbs: bool = True) -> Kind:
        words = _plain(title).split(" ")
        if len(words) > _MOST_WORDS:
            return Kind.PLAIN
        subject = _plain(_DETAILS.split(title, maxsplit=1)[0]).split(" ")
        end = next((n for n, word in enumerate(subject) if n and word in _BEFORE_DETAILS), len(subject))
        for phrase in (words, subject, subject[:end]):
            if (kind := _ALONE.get(" ".join(phrase))) is not None:
                return kind
        kinds = (self._last_named(phrase) for phrase in (subject[:end], subject))
        named = next((kind for kind in kinds if kind is not Kind.PLAIN), Kind.PLAIN)
        return self._first_named(words) if named is Kind.PLAIN and with_verbs else named

    def _last_named(self, words: Sequence[str]) -> Kind:
        for start in range(len(words)):
            if (kind := self._lookup.get(" ".join(words[start:]))) is not None:
                return kind
        for suffix, kind in self._suffixes:
            if words[-1].endswith(suffix):
                return kind
        phrase = " ".join(words)
        found = [(place, kind) for word, kind in self._parts if (place := phrase.rfind(word)) >= 0]
        return max(found)[1] if found else Kind.PLAIN

    def _first_named(self, words: Sequence[str]) -> Kind:
        opens = (" ".join(words[:count]) in _FIRST for count in (1, 2))
        return Kind.PROCEDURE if any(opens) else Kind.PLAIN

    @cached_property
    def _lookup(self) -> dict[str, Kind]:
        return {word: kind for word, kind in self._all() if not word.startswith("*")}

    @cached_property
    def _suffixes(self) -> Sequence[tuple[str, Kind]]:
        return [(word[1:], kind) for word, kind in self._all() if word.startswith("*")]

    @cached_property
    def _parts(self) -> Sequence[tuple[str, Kind]]:
        """Words of a language that is written without spaces."""
        return [(word, kind) for word, kind in self._all() if ord(word[0]) > 0x3000]

    def _all(self) -> Iterable[tuple[str, Kind]]:
        for kind, added in ((Kind.CONTEXT, self.context), (Kind.PROCEDURE, self.procedure)):
            for word in (*_WORDS[kind.value], *added):
                yield _plain(word), kind


_REASONS = frozenset(map(_plain, _WORDS["reasons"]))
_STEPS = frozenset(map(_plain, _WORDS["steps"]))
_ALONE = {_plain(word): kind for kind in (Kind.CONTEXT, Kind.PROCEDURE) for word in _WORDS[f"{kind.value}_alone"]}
_FIRST = frozenset(map(_plain, _WORDS["procedure_first"]))
_STEP_WORDS = frozenset(map(_plain, _WORDS["step"]))
_COLUMNS = frozenset(map(_plain, _WORDS["column"]))
_BEFORE_DETAILS = frozenset(map(_plain, _WORDS["before_details"]))
DEFAULT_WORDS = Vocabulary()
