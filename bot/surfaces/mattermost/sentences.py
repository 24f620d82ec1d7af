"""The sentences of ``en.toml`` beside this file."""

from pathlib import Path

from adapters.sentences import load
from commands.cards import Card, Text
from commands.sentences import plain
from commands.sentences import say as say_from

_SENTENCES = Path(__file__).with_name("en.toml")


def say(key: str, /, **facts: object) -> Text:
    return say_from(key, load(_SENTENCES), **facts)


def words(key: str, /, **facts: object) -> str:
    return plain(say(key, **facts))


def card(key: str, /, **facts: object) -> Card:
    title = say(key, **facts)
    return Card(title=title, summary=plain(title), tone="warn")
