"""The console's own messages: ``messages.toml`` beside this file, and its translations."""

from pathlib import Path

from adapters.toolkit.messages import message_text

_MESSAGES = Path(__file__).with_name("messages.toml")


def translate_plain(key: str, /, **facts: object) -> str:
    return message_text(_MESSAGES, key, **facts)
