"""Buttons for a line whose verb or flag is unknown, or that lacks a value."""

import re

from adapters.toolkit.folding import fold
from adapters.toolkit.messages import ENGLISH, current_language
from commands.language.parser import parse, parse_line, similar_words
from commands.language.references import is_task_handle, split_run, split_tasks
from commands.language.vocabulary import spelling, vocabulary
from commands.model.card import Button
from commands.model.errors import BadArguments, CommandError, UnknownCommand
from commands.model.intents import Help, OpenForm, Show
from commands.model.messages import Message
from commands.model.ports import Services
from commands.text.phrases import button, choice, form_button, shorten

_MAX_BUTTON_SIZE = 800  # characters of an intent's dump that every chat's button can hold
_MOST_SUGGESTIONS = 3
_MOST_WORDS = 8  # of a line that is no command
_SHORTEST_VERB = 3  # characters: not "is"


def suggestion_buttons(error: UnknownCommand, services: Services) -> tuple[Button, ...]:
    """The line with each guessed word instead, if it can be parsed; and [Help]."""
    buttons: list[Button] = []
    rest = str(error.facts.get("rest", ""))
    for word in error.facts.get("guesses") or ():  # type: ignore[attr-defined]
        verb = spelling(word, services.commands)
        try:
            intent = parse(f"{verb} {rest}", services.commands, services.aliases)
        except CommandError:
            continue
        if len(intent.model_dump_json()) <= _MAX_BUTTON_SIZE:
            buttons.append(Button(_line_label(verb, rest), intent))
    help_button = button("button.help", Help())
    others = [press for press in buttons if press.intent != help_button.intent]
    return (*others[:_MOST_SUGGESTIONS], help_button)


def reordered_buttons(text: str, services: Services) -> tuple[Button, ...]:
    """For "T2 is done", which names its tasks first. Without a verb, to show them. Empty if it names no tasks."""
    words = [word.strip(".,:;!") for word in text.split()[:_MOST_WORDS]]
    tasks = [word for word in words if is_task_handle(word)]
    if not tasks:
        return ()
    known = vocabulary(services.commands, services.aliases)
    others = [fold(word) for word in words if word not in tasks and len(word) >= _SHORTEST_VERB]
    verbs = [spelling(verb, services.commands) for word in others for verb in similar_words(word, known)[:1]]
    for verb in (*verbs, "show"):
        try:
            intent = parse(f"{verb} {' '.join(tasks)}", services.commands, services.aliases)
        except CommandError:
            continue
        shown = intent.verb if current_language() == ENGLISH else verb
        press = Button(_line_label(shown, " ".join(tasks)), intent)
        is_one = len(tasks) == 1 and not isinstance(intent, Show)  # it may have been a question: "is T2 done?"
        show = (button("button.show", Show(what=tasks[0], kind="task"), what=tasks[0].upper()),) if is_one else ()
        return (press, *show, button("button.help", Help()))
    return ()


def _line_label(verb: str, rest: str) -> str:
    handles = re.sub(r"\b(?:r\d+\.)?[rt]\d+\b", lambda handle: handle[0].upper(), rest)
    return shorten(f"{verb.capitalize()} {handles}", 30)


def corrected_flag_buttons(error: BadArguments, message: Message, services: Services) -> tuple[Button, ...]:
    """The line with the flag that was probably meant. It can be chosen once."""
    wrong, guess = str(error.facts.get("flag", "")), str(error.facts.get("guess", ""))
    line = re.sub(rf"(?:--|—|–){re.escape(wrong.removeprefix('--'))}\b", guess, message.text, count=1)
    try:
        intent = parse_line(line, services)
    except CommandError:
        return ()
    values = {**intent.model_dump(mode="json", exclude_defaults=True), "verb": intent.verb}
    press = choice(message.key, values, line)
    return (press,) if len(press.intent.model_dump_json()) <= _MAX_BUTTON_SIZE else ()


def lacks_value(error: BadArguments) -> bool:
    """Whether the line was understood as far as it goes: a text, a person or the value of a flag is missing."""
    return error.key.startswith("parse.missing_") or error.key == "parse.flag_value"


def form_buttons(error: BadArguments, services: Services) -> tuple[Button, ...]:
    """[Hold…], with what was typed. Empty if the form would drop something: several tasks, or a text."""
    command = services.commands.get(error.verb)
    if command is None or command.form is None:
        return ()
    run, rest = split_run(error.arguments)
    tasks, text = split_tasks(rest)
    in_run, _, task = next(iter(tasks), "").rpartition(".")
    words = [word for word in text.split() if not word.startswith(("--", "—", "–"))]
    has_task_field = any(field.name == "task" for field in command.form.fields)
    if len(tasks) > 1 or "://" in task or (tasks and not has_task_field):
        return ()
    if words and error.key == "parse.flag_value":
        return ()
    request = {"about": error.verb, "run": in_run or run, "fill": {"task": task} if task else {}}
    return (form_button(OpenForm.model_validate(request)),)
