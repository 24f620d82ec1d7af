"""The sentences of ``en.toml`` beside this file."""

from functools import cache
from pathlib import Path

from commands.cards import Card, Text
from commands.sentences import load, plain
from commands.sentences import say as say_from

_CATALOGUE = cache(load)


def say(key: str, /, **facts: object) -> Text:
    return say_from(key, _CATALOGUE(Path(__file__).with_name("en.toml")), **facts)


def words(key: str, /, **facts: object) -> str:
    return plain(say(key, **facts))


def card(key: str, /, **facts: object) -> Card:
    title = say(key, **facts)
    return Card(title=title, summary=plain(title), tone="warn")
