"""The form of a command: its fields, how it becomes an intent when submitted, and how an intent fills it again."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from commands.model.card import Field, FieldKind
from commands.model.intents import Intent
from commands.model.tracked_run import TrackedRun

Values = Mapping[str, str]
"""Field name -> what it holds. In a submission every declared field has a value, which may be empty."""


@dataclass(frozen=True, slots=True)
class FormField:
    """``label``, ``hint`` and the labels of ``options`` are message keys, translated when the form opens."""

    name: str  # [a-z]+, stable: open forms hold it
    label: str  # at most 24 characters once translated
    kind: FieldKind = "line"
    options: Mapping[str, str] = field(default_factory=dict)  # value -> message key
    value: str = ""
    hint: str = ""  # at most 150 characters once translated
    optional: bool = False
    max_length: int = 3000


def _no_fields(tracked: TrackedRun) -> tuple[Field, ...]:
    return ()


def _never(intent: Any) -> bool:
    return False


@dataclass(frozen=True)
class CommandForm:
    """``read`` gets the run's handle and the submitted values; ``fill`` is its inverse."""

    title: str  # message key
    fields: tuple[FormField, ...]
    read: Callable[[str, Values], Intent]
    fill: Callable[[Any], Values]
    needs_run: bool = True
    run_fields: Callable[[TrackedRun], tuple[Field, ...]] = _no_fields  # more fields, from the run's snapshot
    opens_for: Callable[[Any], bool] = _never  # a typed intent that opens the form
    opens_on_error: str = ""  # message key of the parse error that opens the form
