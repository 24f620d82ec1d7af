"""The form of a command: its fields, how it becomes an intent when submitted, and how an intent fills it again."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from commands.model.card import Field, FieldKind, Text
from commands.model.intents import Intent
from commands.model.messages import Actor, Place
from commands.model.tracked_run import TrackedRun

if TYPE_CHECKING:
    from commands.model.ports import Services

Values = Mapping[str, str]
"""Field name -> what it holds. In a submission every declared field has a value, which may be empty."""

VALUE = "set."  # in front of the name of a value that a runbook asks for


@dataclass(frozen=True, slots=True)
class FormField:
    """``label``, ``hint`` and the labels of ``options`` are message keys, translated when the form opens."""

    name: str  # [a-z]+, stable: open forms hold it
    label: str  # at most 24 characters once translated
    kind: FieldKind = "line"
    options: Mapping[str, str] = field(default_factory=dict)  # value -> message key
    hint: str = ""  # at most 150 characters once translated
    optional: bool = False
    max_length: int = 3000
    refreshes: bool = False


@dataclass(frozen=True)
class FormOpening:
    """Who opens a form, where, for which run, and with which values."""

    actor: Actor
    place: Place
    services: "Services"
    tracked: TrackedRun | None = None
    fill: Values = field(default_factory=dict)

    @property
    def run(self) -> TrackedRun:
        assert self.tracked is not None, "the form needs a run"
        return self.tracked


def _no_values(opening: FormOpening) -> Values:
    return {}


def _no_intro(opening: FormOpening) -> Text:
    return ()


async def _no_fields(opening: FormOpening) -> tuple[Field, ...]:
    return ()


def _never(intent: Any) -> bool:
    return False


@dataclass(frozen=True)
class CommandForm:
    """``read`` gets the run's handle and the submitted values; ``fill`` is its inverse.

    A form that ``needs_run`` calls ``prefill``, ``intro`` and ``more_fields`` only once its run is known.
    """

    title: str  # message key
    submit: str  # message key: names the verb
    fields: tuple[FormField, ...]
    read: Callable[[str, Values], Intent]
    fill: Callable[[Any], Values]
    needs_run: bool = True
    prefill: Callable[[FormOpening], Values] = _no_values  # values of fields that nothing else filled
    intro: Callable[[FormOpening], Text] = _no_intro  # how things are now
    more_fields: Callable[[FormOpening], Awaitable[tuple[Field, ...]]] = _no_fields
    """Of this very run or runbook. One with the name of a declared field replaces it."""
    opens_for: Callable[[Any], bool] = _never  # a typed intent that opens the form
    opens_on_error: str = ""  # message key of the parse error that opens the form
