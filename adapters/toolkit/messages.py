"""Message catalogues: TOML files of keys and texts, one file per language.

English is in ``messages.toml``, other languages in ``messages.<language>.toml`` beside it. Every platform and chat
folder has its own catalogue; ``commands/text`` holds everything else. The language is a context variable, because
one process writes to channels and people in several languages.
"""

import string
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from pathlib import Path

ENGLISH = "en"
LANGUAGES = (ENGLISH, "pt-BR")

_language: ContextVar[str] = ContextVar("language", default=ENGLISH)


@contextmanager
def in_language(language: str) -> Iterator[None]:
    """Texts made inside are in ``language``, one of ``LANGUAGES``."""
    token = _language.set(language)
    try:
        yield
    finally:
        _language.reset(token)


def current_language() -> str:
    return _language.get()


def language_of_locale(locale: str | None) -> str | None:
    """The language of a locale such as "pt-BR", "pt_BR" or "en-GB"; None if there is no catalogue for it."""
    base = (locale or "").replace("_", "-").partition("-")[0].lower()
    return next((known for known in LANGUAGES if known.partition("-")[0] == base), None)


def load_messages(path: Path, language: str | None = None) -> Mapping[str, str]:
    """Messages by key, with nested tables joined by dots ("finish.done").

    ``language`` defaults to the current one. Falls back to English if ``path`` has no file for it.
    """
    return _load(path, language or current_language())


def message_text(path: Path, key: str, /, **facts: object) -> str:
    """One message of ``path`` as plain text, for places that no chat draws: the lines of ``liaison doctor``."""
    return string.Formatter().vformat(load_messages(path)[key], (), facts)


@cache
def _load(path: Path, language: str) -> Mapping[str, str]:
    translated = path.with_name(f"{path.stem}.{language}{path.suffix}")
    with (translated if translated.exists() else path).open("rb") as file:
        return dict(_flatten(tomllib.load(file), ""))


def _flatten(table: Mapping[str, object], prefix: str) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for key, value in table.items():
        if isinstance(value, dict):
            found += _flatten(value, f"{prefix}{key}.")
        else:
            found.append((prefix + key, str(value)))
    return found
