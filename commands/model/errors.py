"""What the person who typed can put right. Shown to them, never logged as a fault.

CommandError(key, **facts)
├── UnknownCommand   no such verb; carries guesses
├── BadArguments     the verb is known, the rest is not right
├── Ambiguous        several things fit: carries the choices, each completing the same command
├── Missing          nothing fits; carries guesses
├── NotAllowed       not for this person or place; says who can
└── Stale            the thing has moved on since the button was drawn

``key`` is a sentence of ``commands/text/messages.toml``; ``facts`` fill its placeholders; ``buttons`` are what to offer.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from commands.model.card import Button


class CommandError(Exception):
    def __init__(self, key: str, *, buttons: "Sequence[Button]" = (), **facts: object) -> None:
        self.key = key
        self.buttons = tuple(buttons)
        self.facts = facts
        super().__init__(key)


class UnknownCommand(CommandError): ...


class BadArguments(CommandError):
    """``field`` names the form field that the error belongs to, when there is one."""

    def __init__(self, key: str, *, field: str = "", buttons: "Sequence[Button]" = (), **facts: object) -> None:
        super().__init__(key, buttons=buttons, **facts)
        self.field = field


class Ambiguous(CommandError): ...


class Missing(CommandError): ...


class NotAllowed(CommandError): ...


class Stale(CommandError): ...
