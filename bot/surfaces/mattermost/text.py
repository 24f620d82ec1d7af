"""Mattermost's own messages: ``messages.toml`` beside this file, and its translations."""

from pathlib import Path

from adapters.toolkit.messages import load_messages
from commands.model.card import Card, Text
from commands.text.catalogue import plain_text
from commands.text.catalogue import translate as translate_from

_MESSAGES = Path(__file__).with_name("messages.toml")


def translate(key: str, /, **facts: object) -> Text:
    return translate_from(key, load_messages(_MESSAGES), **facts)


def translate_plain(key: str, /, **facts: object) -> str:
    return plain_text(translate(key, **facts))


def message_card(key: str, /, **facts: object) -> Card:
    title = translate(key, **facts)
    return Card(title=title, summary=plain_text(title), tone="warn")
