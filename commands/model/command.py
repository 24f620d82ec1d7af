"""What a command is. Each ``handlers/<verb>.py`` exports one as ``COMMAND``; ``commands.registry`` finds them.

The life of a command: ``read(line)`` makes its intent (pure), dispatch checks ``right`` and finds the run by
``scope``, then ``handle`` carries it out. ``examples`` are shown by help and run as tests.
"""

from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from adapters.writes import Op
from commands.model.card import Answer, Code
from commands.model.errors import BadArguments, UnknownCommand
from commands.model.intents import Intent

if TYPE_CHECKING:
    from commands.model.ports import CommandContext


class Scope(StrEnum):
    """How a command gets its run (DESIGN section 4, "Naming things")."""

    NONE = "none"  # needs none
    READ = "read"  # may guess: this place's run, else the one this person touched last; may have none
    WRITE = "write"  # exactly one, or one button per run and nothing is written
    START = "start"  # makes one: its handle is reserved before anything is asked of the platform


class Right(StrEnum):
    READ = "read"
    START = "start"
    WRITE = "write"
    END = "end"
    OVERRIDE = "override"  # no verb needs it: a confirmed second try with the option "override" does


class Takes(StrEnum):
    NOTHING = "nothing"
    WORD = "word"  # one word, or one quoted argument
    REST = "rest"  # all that is left of the line
    PAIRS = "pairs"  # key=value, may be given again


@dataclass(frozen=True, slots=True)
class Flag:
    name: str  # without dashes
    takes: Takes = Takes.WORD
    hint: str = ""  # how help writes its value: "WHEN"


@dataclass(frozen=True, slots=True)
class Line:
    """A typed line with its verb and the verb's own flags taken off. ``rest`` is otherwise as typed.

    ``flags`` holds the words given (PAIRS are joined by newlines); a flag without a value holds "".
    """

    verb: str
    rest: str
    flags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Example:
    """``line`` (without the root command) reads as an intent with these fields set."""

    line: str
    fields: Mapping[str, Any]


@dataclass(frozen=True)
class Command:
    verb: str
    usage: str  # what follows the verb: "TASK… [NOTE] [--then TASK]"
    summary: str  # one clause for help: "finish tasks"
    intent: type[Intent]
    read: Callable[[Line], Intent]
    handle: "Callable[[Any, CommandContext], Awaitable[Answer]]"
    examples: tuple[Example, ...]
    aliases: tuple[str, ...] = ()
    flags: tuple[Flag, ...] = ()
    scope: Scope = Scope.NONE
    right: Right = Right.READ
    op: Op | None = None  # the platform capability that it needs, if any
    typed: bool = True  # False: only buttons say it
    leading_arguments: Callable[[str], int] | None = (
        None  # how many characters stand before the text (tasks, a health)
    )
    only_reads: Callable[[Any], bool] | None = None  # this very intent only shows: Scope.READ, Right.READ, no op


def button_only(line: Line) -> Intent:
    """The ``read`` of commands that only buttons say."""
    raise BadArguments("parse.stale_intent", verb=line.verb)


class CommandSet(Mapping[str, Command]):
    """Commands by verb. ``commands.registry`` builds the one that is used; lower layers get it passed in."""

    def __init__(self, commands: Iterable[Command]) -> None:
        self._commands = {command.verb: command for command in commands}

    def __getitem__(self, verb: str) -> Command:
        return self._commands[verb]

    def __iter__(self) -> Iterator[str]:
        return iter(self._commands)

    def __len__(self) -> int:
        return len(self._commands)

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
