"""The intent of a message: what its text or its button asks for.

All but ``read_message`` and ``intent_json`` are pure.
"""

import asyncio
import json

from commands.language.parser import command_lines, parse_line
from commands.lookup.intent_run import refers_to_run
from commands.lookup.shared_files import with_files
from commands.lookup.suggestions import (
    corrected_flag_buttons,
    form_buttons,
    lacks_value,
    reordered_buttons,
    suggestion_buttons,
)
from commands.model.command import CommandSet, Right, Scope
from commands.model.errors import BadArguments, CommandError, UnknownCommand
from commands.model.intents import (
    Choose,
    Comment,
    DecideOutcome,
    Drop,
    Intent,
    Retry,
    RunLines,
    Show,
    Start,
    Stop,
    Whoami,
)
from commands.model.messages import Message
from commands.model.ports import Services

MAX_TEXT = 64 * 1024  # bytes of a message; the chats' own limits are below it
_FILES_ALONE = "files"
SLOW_TEXT = 16 * 1024  # characters; parsing more would hold up the event loop


def parse_message(message: Message, services: Services) -> Intent:
    """The intent of the message, without the store. Raises ``CommandError``."""
    if message.intent is not None:
        return services.commands.intent_from(message.intent)
    if len(message.text.encode("utf-8", "replace")) > MAX_TEXT:
        raise BadArguments("parse.too_long", most=f"{MAX_TEXT // 1024} KB")
    lines = command_lines(
        message.text, services.commands, services.aliases, root=services.root_command, mention=services.mention
    )
    if lines:
        return RunLines(lines=lines)
    try:
        return with_files(_parse_line(message, services), message.files)
    except BadArguments as error:
        if error.key == "parse.flag_guess":
            error.buttons = corrected_flag_buttons(error, message, services)
        elif lacks_value(error):
            error.buttons = form_buttons(error, services)
        raise
    except UnknownCommand as error:
        if error.facts.get("guesses"):
            error.buttons = suggestion_buttons(error, services)
            error.key = "parse.did_you_mean" if len(error.buttons) > 1 else error.key
            raise
        text = str(error.facts.get("text", message.text))
        if buttons := reordered_buttons(text, services):
            error.key, error.buttons = "parse.verb_first", buttons
            raise
        return Show(what=text)


def _parse_line(message: Message, services: Services) -> Intent:
    try:
        return parse_line(message.text, services)
    except BadArguments as error:
        if error.key != "parse.missing_text" or not message.files:
            raise
    comment = parse_line(f"{message.text} {_FILES_ALONE}", services)  # files are enough of a comment
    return comment.model_copy(update={"text": ""}) if isinstance(comment, Comment) else comment


async def read_message(message: Message, services: Services) -> Intent:
    """As ``parse_message``, but an unknown command may also be the title of a runbook that was used before."""
    try:
        if not is_slow(message):
            return parse_message(message, services)
        return await asyncio.to_thread(parse_message, message, services)
    except UnknownCommand as error:
        text = str(error.facts.get("text", ""))
        if text and await services.runs.runs_of_runbook(text):
            return Show(what=text, kind="runbook")
        raise


def is_slow(message: Message) -> bool:
    """Whether the message is parsed in a worker thread."""
    return len(message.text) > SLOW_TEXT


async def intent_json(message: Message, services: Services) -> str | None:
    """The intent of the message, to be stored for the choice that it gets. None if it has none."""
    try:
        if is_slow(message):
            intent = await asyncio.to_thread(parse_message, message, services)
        else:
            intent = parse_message(message, services)
    except CommandError:
        return None
    return json.dumps(intent.model_dump(mode="json"))


def lacks_run(message: Message, services: Services) -> bool:
    """``needs_place_run`` for a message. Pure. Of a slow one, only the beginning is looked at."""
    if is_slow(message):
        message = message.model_copy(update={"text": message.text[:SLOW_TEXT]})
    try:
        return needs_place_run(parse_message(message, services), services.commands)
    except CommandError:
        return False


def message_needs_current_rights(message: Message, services: Services) -> bool:
    """``needs_current_rights`` for a message. Pure."""
    if is_slow(message):
        return True
    try:
        return needs_current_rights(parse_message(message, services), services.commands)
    except CommandError:
        return False


def needs_current_rights(intent: Intent, commands: CommandSet) -> bool:
    """Whether it may change something, or asks for rights: a day-old membership is not enough then."""
    if isinstance(intent, Choose | Retry | Drop | Stop | DecideOutcome | Whoami):
        return True
    return commands.right_of(intent) is not Right.READ


def needs_place_run(intent: Intent, commands: CommandSet) -> bool:
    """Whether it needs the run of its channel or thread, so it is held back while a run is being started there.

    True for a start as well: a second one may not be wanted any more.
    """
    if isinstance(intent, Choose | Retry | Drop | Stop):
        return False
    if isinstance(intent, Start):
        return True
    return commands.scope_of(intent) in (Scope.READ, Scope.WRITE) and not refers_to_run(intent)
