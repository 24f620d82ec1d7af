"""Errors that the person who sent the command can fix. They are shown to that person and not logged as faults.

CommandError(key, **facts)
├── UnknownCommand   no such verb; has guesses
├── BadArguments     the verb is known, its arguments are not valid
├── Ambiguous        several things match; has a button for each, which completes the same command
├── Missing          nothing matches; has guesses
├── NotAllowed       not allowed for this person or channel; says who is allowed
└── Stale            the thing has changed since the button was drawn

``key`` is a key of ``commands/text/messages.toml``, ``facts`` fill its placeholders, ``buttons`` are shown below.
"""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from commands.model.card import Button

Suggested = Mapping[str, str | dict[str, str]]
Suggestion = tuple[str, Suggested]
"""The label of a button, and the fields of the intent that it replaces."""


@dataclasses.dataclass(frozen=True, slots=True)
class PersonWanted:
    """Choosing a person completes the same command: ``field`` of its intent gets their id, and ``values`` replace
    others."""

    field: str
    values: Mapping[str, str | tuple[str, ...]] = dataclasses.field(default_factory=dict)


class CommandError(Exception):
    wanted: PersonWanted | None = None

    def __init__(self, key: str, *, buttons: "Sequence[Button]" = (), **facts: object) -> None:
        self.key = key
        self.buttons = tuple(buttons)
        self.facts = facts
        super().__init__(key)

    def asking_for(self, wanted: PersonWanted | None) -> Self:
        """A chat that can list its people lets one be chosen."""
        self.wanted = wanted
        return self


class UnknownCommand(CommandError): ...


class BadArguments(CommandError):
    """``field`` names the form field that the error belongs to, if any. ``suggestions`` are what was probably
    meant: each is a button that completes the same command. The parser sets ``verb`` and ``arguments``, what was
    typed after it."""

    verb = ""
    arguments = ""

    def __init__(
        self,
        key: str,
        *,
        field: str = "",
        buttons: "Sequence[Button]" = (),
        suggestions: Sequence[Suggestion] = (),
        **facts: object,
    ) -> None:
        super().__init__(key, buttons=buttons, **facts)
        self.field = field
        self.suggestions = tuple(suggestions)


class Ambiguous(CommandError): ...


class Missing(CommandError): ...


class NotAllowed(CommandError): ...


class Stale(CommandError): ...
