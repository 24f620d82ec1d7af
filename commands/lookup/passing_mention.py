"""Messages that mention Liaison in passing ("could you end R7 @liaison?"), and messages that were edited."""

from itertools import chain

from commands.language.due_time import is_due_time
from commands.language.health_words import is_health
from commands.language.parser import parse_line
from commands.model.command import Right
from commands.model.errors import Ambiguous, CommandError
from commands.model.intents import End, Home, Intent, PromiseUpdate, Status
from commands.model.messages import Message
from commands.model.ports import Services
from commands.model.tracked_run import TrackedRun
from commands.text.phrases import choice, label, run_name, shorten

_BEFORE = (
    *("can you", "could you", "would you", "will you", "please", "pls", "hey", "ok", "and", "then", "so", "now"),
    *("pode", "poderia", "por favor", "e", "agora", "então"),
)
_AFTER = ("please", "pls", "thanks", "thank you", "now", "por favor", "obrigado", "obrigada", "agora")
_LONGEST = 4000  # characters; longer texts are not read as commands here
_MARKS = " \t\n,;:.!?…-–—"


def command_in(before: str, after: str, services: Services) -> str:
    """The command beside a mention that does not open its message; "" if neither side is one."""
    lines = (_without_courtesies(text) for text in (after, before))
    return next((line for line in lines if line and _asks_for_something(line, services)), "")


def _without_courtesies(text: str) -> str:
    text, before = text.strip(_MARKS), ""
    while text != before:
        before = text
        for phrase in _BEFORE:
            if text.casefold().startswith(f"{phrase} "):
                text = text[len(phrase) :].strip(_MARKS)
        for phrase in _AFTER:
            if text.casefold().endswith((f" {phrase}", f",{phrase}")):
                text = text[: -len(phrase)].strip(_MARKS)
    return text


def _asks_for_something(line: str, services: Services) -> bool:
    intent = _parsed(line, services)
    return intent is not None and not isinstance(intent, Home)


def _parsed(text: str, services: Services) -> Intent | None:
    if len(text) > _LONGEST:
        return None
    try:
        return parse_line(text, services)
    except CommandError:
        return None


def ask_first(intent: Intent, tracked: TrackedRun | None, message: Message, services: Services) -> None:
    """A write that was mentioned in passing becomes a question. Raises ``Ambiguous``."""
    if services.commands.right_of(intent) is Right.READ:
        return
    if isinstance(intent, End) and tracked is not None:
        end = choice(message.key, {"run": tracked.handle}, label("button.end", run=tracked.handle))
        raise Ambiguous("passing.end", run=run_name(tracked), buttons=[end])
    line = shorten(f"{message.text[:1].upper()}{message.text[1:]}", 100)
    raise Ambiguous("passing.question", what=line, buttons=[choice(message.key, {}, line)])


def is_understood(message: Message, services: Services) -> bool:
    """Whether nothing in the message has to be corrected. Pure."""
    if message.intent is not None or len(message.text) > _LONGEST:
        return True
    intent = _parsed(message.text, services)
    if isinstance(intent, Status) and not is_health(intent.health):
        return False
    times = [intent.next] if isinstance(intent, Status | PromiseUpdate) else []
    options = [intent.options.get("until", "")] if intent is not None else []
    return intent is not None and all(is_due_time(time) for time in chain(times, options) if time)
