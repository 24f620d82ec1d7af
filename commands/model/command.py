"""What a command is. Each ``commands/verbs/<verb>.py`` exports one as ``COMMAND`` for ``commands.registry``.

The life of a typed command: ``read(line)`` builds its intent, dispatch checks ``right`` and finds the run that
``scope`` asks for, then ``handle`` executes it. A command with a form gets its intent from ``form.read`` instead.
"""

from collections.abc import Awaitable, Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from adapters.writes import Op
from commands.model.card import Answer, Code
from commands.model.errors import BadArguments, UnknownCommand
from commands.model.form import CommandForm
from commands.model.intents import Intent

if TYPE_CHECKING:
    from commands.model.ports import CommandContext


class Scope(StrEnum):
    """How a command gets its run."""

    NONE = "none"  # needs none
    READ = "read"  # may guess: the run of the channel or thread, else the one the person used last; may have none
    WRITE = "write"  # exactly one; when that is unclear, nothing is written and the answer has a button per run
    START = "start"  # creates one: its handle is reserved before the platform is asked


class Right(StrEnum):
    READ = "read"
    START = "start"
    WRITE = "write"
    END = "end"
    OVERRIDE = "override"  # required by no verb, but by a confirmed second try with the option "override"


class FlagKind(StrEnum):
    """What value a flag takes."""

    SWITCH = "switch"  # none
    WORD = "word"  # one word or quoted text
    WHEN = "when"  # a time, of one or more words
    REST = "rest"  # the rest of the line
    PAIRS = "pairs"  # key=value; may be repeated


@dataclass(frozen=True, slots=True)
class Flag:
    name: str  # without dashes
    kind: FlagKind = FlagKind.WORD
    hint: str = ""  # how help writes its value: "WHEN"


@dataclass(frozen=True, slots=True)
class ParsedLine:
    """A typed line without its verb and the verb's own flags. ``text`` is what is left, as typed.

    ``flags`` holds the values of the flags that were given (PAIRS are joined by newlines, a switch is "").
    """

    verb: str
    text: str
    flags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Example:
    """``line`` (without the root command) is read as an intent with these fields."""

    line: str
    fields: Mapping[str, Any]


@dataclass(frozen=True)
class Command:
    """``aliases`` are other words for the verb that help lists. ``synonyms`` are accepted as well, by language."""

    verb: str
    intent: type[Intent]
    read: Callable[[ParsedLine], Intent]
    handle: "Callable[[Any, CommandContext], Awaitable[Answer]]"
    arguments: str = ""  # as help writes them: "TASK… [NOTE] [--then TASK]"
    examples: tuple[Example, ...] = ()  # shown by help, and run as tests
    aliases: tuple[str, ...] = ()
    synonyms: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    flags: tuple[Flag, ...] = ()
    scope: Scope = Scope.NONE
    right: Right = Right.READ
    op: Op | None = None  # the platform capability that it needs, if any
    typed: bool = True  # False: only buttons or the engine send it
    form: CommandForm | None = None
    keeps_flags: bool = False  # what looks like an unknown flag is text: "comment ran it with --force"
    arguments_end: Callable[[str], int] | None = None  # where the tasks or the health before the text end
    only_reads: Callable[[Any], bool] | None = None  # this very intent only reads: Scope.READ, Right.READ

    @property
    def summary_key(self) -> str:
        """The message that says what a typed command does."""
        return f"usage.{self.verb}"


def button_only(line: ParsedLine) -> Intent:
    """The ``read`` of commands that nobody types."""
    raise BadArguments("parse.stale_intent", verb=line.verb)


class CommandSet(Mapping[str, Command]):
    """Commands by verb. ``commands.registry`` builds the one in use; lower layers get it passed in."""

    def __init__(self, commands: Iterable[Command]) -> None:
        self._commands = {command.verb: command for command in commands}

    def __getitem__(self, verb: str) -> Command:
        return self._commands[verb]

    __eq__ = object.__eq__
    __hash__ = object.__hash__

    def __iter__(self) -> Iterator[str]:
        return iter(self._commands)

    def __len__(self) -> int:
        return len(self._commands)

    @cached_property
    def with_form(self) -> Collection[str]:
        """The verbs that have a form."""
        return {verb for verb, command in self._commands.items() if command.form is not None}

    def intent_from(self, dump: Mapping[str, Any]) -> Intent:
        """The intent that ``model_dump`` wrote, from a button, a form or the store.

        Raises ``UnknownCommand`` for an unknown verb and ``BadArguments`` if the fields do not fit the verb.
        """
        verb = str(dump.get("verb", ""))
        command = self.get(verb)
        if command is None:
            raise UnknownCommand("parse.unknown", word=verb, shown=Code(verb[:40]), text=verb, rest="", guesses=())
        try:
            return command.intent.model_validate(dict(dump))
        except ValidationError as error:
            raise BadArguments("parse.stale_intent", verb=verb) from error

    def scope_of(self, intent: Intent) -> Scope:
        return Scope.READ if self._only_reads(intent) else self[intent.verb].scope

    def right_of(self, intent: Intent) -> Right:
        if intent.options.get("override") == "true":
            return Right.OVERRIDE
        return Right.READ if self._only_reads(intent) else self[intent.verb].right

    def right_of_step(self, step_key: str) -> Right:
        """The right that a write needs, from the verb its step key starts with ("end", "finish:17:begin")."""
        command = self.get(step_key.partition(":")[0])
        return Right.WRITE if command is None else command.right

    def _only_reads(self, intent: Intent) -> bool:
        only_reads = self[intent.verb].only_reads
        return only_reads is not None and only_reads(intent)
