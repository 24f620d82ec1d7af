"""Catalogues of sentences: TOML files of key and sentence, one beside each adapter and one of the commands."""

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path


@cache
def load(path: Path) -> Mapping[str, str]:
    """The sentences of one TOML file, its tables joined with dots: ``finish.done``. Read once."""
    with path.open("rb") as file:
        return dict(_flat(tomllib.load(file), ""))


def _flat(table: Mapping[str, object], prefix: str) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for key, value in table.items():
        if isinstance(value, dict):
            found += _flat(value, f"{prefix}{key}.")
        else:
            found.append((prefix + key, str(value)))
    return found
