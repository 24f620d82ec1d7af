"""The built-in words beside the verbs themselves: ``aliases.toml``, its keys folded for comparing."""

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from commands.language.tokens import folded


@cache
def _tables() -> Mapping[str, Mapping[str, str]]:
    with Path(__file__).with_name("aliases.toml").open("rb") as file:
        return {
            name: {folded(word): str(means) for word, means in table.items()}
            for name, table in tomllib.load(file).items()
        }


@cache
def built_in() -> Mapping[str, str]:
    """Folded word or words -> verb, of every language."""
    return {word: verb for name, table in _tables().items() if name != "health" for word, verb in table.items()}


def health_of(word: str) -> str:
    """ "green", "amber" or "red" for a word that names one, in any language; else nothing."""
    return _tables()["health"].get(folded(word), "")
