"""An error as people read it: with the messages of its platform, and those of the application."""

from adapters.errors import AdapterError
from adapters.protocol import Platform
from adapters.toolkit.messages import load_messages
from commands.text.catalogue import plain_text, translate


def error_text(platform: Platform, error: AdapterError) -> str:
    """Fails where the message or a placeholder is missing."""
    messages = load_messages(platform.messages)
    return plain_text(translate(error.key, messages, **{**error.facts, "said": error.said}))
