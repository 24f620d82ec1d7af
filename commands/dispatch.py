"""The one place where an intent meets policy, handler, and errors become cards.

``route`` runs in the place queue: parse, authorise, find the run, from the local store only. ``execute`` runs in
the run's queue (reads: in none). Both answer every ``CommandError`` and ``AdapterError`` with a card; anything
else is a bug of ours, which the engine ends with ``fault_answer``.
"""

import json
from dataclasses import replace
from datetime import datetime
from typing import Any

from pydantic import Field

from adapters.errors import AdapterError
from adapters.models import Model, RunKey, TaskKey
from commands.access import allow
from commands.cards.error_card import error_answer, retry_button
from commands.language.parser import parse
from commands.language.references import is_run, is_task
from commands.lookup.earlier_message import completed_intent, original_intent
from commands.lookup.run_lookup import link_of, run_named, run_of_key, run_to_read, run_to_write
from commands.lookup.task_lookup import split_handle
from commands.model.card import Answer, Button
from commands.model.command import CommandSet, Right, Scope
from commands.model.errors import BadArguments, CommandError, UnknownCommand
from commands.model.intents import (
    Choose,
    Comment,
    DecideOutcome,
    Drop,
    Help,
    Intent,
    Retry,
    Show,
    Start,
    Stop,
    TaskIntent,
)
from commands.model.messages import Message
from commands.model.ports import CommandContext, Services
from commands.model.tracked_run import TrackedRun
from commands.text.catalogue import translate
from commands.text.phrases import button, short_card, shorten

_LONGEST_IN_BUTTON = 800  # characters of an intent's dump that a chat's button surely holds


class Route(Model):
    """What the place queue decided; stored with the inbox row."""

    intent: dict[str, Any] | None  # its dump, with ``run`` replaced by the run's handle where one is needed
    queue: str = ""  # handle of the run whose queue to join; "" for reads
    lacks_run: bool = Field(
        False, alias="names_no_run"
    )  # it needs this place's run and names none: held back while a start is under way
    starting: bool = False  # it is a start; ``queue`` is its reserved handle


def read_now(message: Message, world: Services) -> Intent:
    """What the message says, without the store. Raises ``CommandError``."""
    if message.intent is not None:
        return world.commands.intent_from(message.intent)
    try:
        return parse(message.text, world.commands, world.aliases, root=world.root_command, mention=world.mention)
    except UnknownCommand as error:
        if error.facts.get("guesses"):
            error.buttons = did_you_mean(error, world)
            raise
        return Show(what=str(error.facts.get("text", message.text)))


async def read_message(message: Message, world: Services) -> Intent:
    """As ``read_now``; a line that begins like a verb may be the title of a runbook that ran here before."""
    try:
        return read_now(message, world)
    except UnknownCommand as error:
        text = str(error.facts.get("text", ""))
        titles = {known.run.runbook.casefold() for known in await world.runs.list_runs(active=False)}
        if text.casefold() in titles - {""}:
            return Show(what=text, kind="runbook")
        raise


def intent_dump(message: Message, world: Services) -> str | None:
    """What the message was read as, as JSON, to be kept for the choice it is asked; None if nothing was."""
    try:
        return json.dumps(read_now(message, world).model_dump(mode="json"))
    except CommandError:
        return None


def lacks_run(message: Message, world: Services) -> bool:
    """Pure: whether it needs this place's run and names none. A start counts: two at once may be one too many."""
    try:
        return needs_place_run(read_now(message, world), world.commands)
    except CommandError:
        return False


def needs_place_run(intent: Intent, commands: CommandSet) -> bool:
    if isinstance(intent, Choose | Retry | Drop | Stop):
        return False
    if isinstance(intent, Start):
        return True
    return commands.scope_of(intent) in (Scope.READ, Scope.WRITE) and not _names_run(intent)


def _names_run(intent: Intent) -> bool:
    if intent.run:
        return True
    if isinstance(intent, Show) and intent.what:
        return intent.kind in ("run", "runbook") or bool(split_handle(intent.what)[0]) or "://" in intent.what
    return any(split_handle(word)[0] or "://" in word for word in _task_words(intent))


def _task_words(intent: Intent) -> tuple[str, ...]:
    if isinstance(intent, TaskIntent):
        return intent.tasks
    if isinstance(intent, Comment) and intent.task:
        return (intent.task,)
    if isinstance(intent, Show) and is_task(intent.what):
        return (intent.what,)
    return ()


async def route(message: Message, world: Services, now: datetime) -> Route | Answer:
    """From the local store only. An ``Answer`` means that it ends here."""
    try:
        return await _placed(message, world)
    except CommandError as error:
        return error_answer(error, world, message)


async def _placed(message: Message, world: Services) -> Route:
    intent = await read_message(message, world)
    if isinstance(intent, Choose | Retry):
        intent = await completed_intent(
            intent,
            message,
            world,
            lambda it: allow(world.commands.right_of(it), message.actor, message.place, world.access_rules),
        )
    else:
        right = world.commands.right_of(intent)
        if isinstance(intent, Drop | Stop) and (about := await original_intent(intent.key, world)):
            right = world.commands.right_of(about)
        if isinstance(intent, DecideOutcome):
            right = world.commands.right_of_step(intent.step)
        allow(right, message.actor, message.place, world.access_rules)
    return await _with_run(intent, message, world)


async def _with_run(intent: Intent, message: Message, world: Services) -> Route:
    scope, bare = world.commands.scope_of(intent), needs_place_run(intent, world.commands)
    if isinstance(intent, Start):
        handle = await _start_handle(intent, message, world)
        dump = intent.model_copy(update={"run": handle}).model_dump(mode="json")
        return Route(intent=dump, queue=handle, starting=True)
    known: TrackedRun | None = None
    if scope is not Scope.NONE or intent.run:
        known = await _named_run(intent, message, world)
    guesses = (
        scope is Scope.READ and world.commands.right_of(intent) is Right.READ
    )  # what changes anything never does
    if known is None and scope in (Scope.READ, Scope.WRITE) and not guesses:
        known = await run_to_write(message, world)
    elif known is None and guesses:
        known = await run_to_read(message, world)
    if known is not None:
        intent = intent.model_copy(update={"run": known.handle})
    writes = scope is Scope.WRITE and world.commands[intent.verb].op is not None
    queue = known.handle if known is not None and writes else ""
    return Route(intent=intent.model_dump(mode="json"), queue=queue, lacks_run=bare)


async def _start_handle(intent: Start, message: Message, world: Services) -> str:
    """A confirmed second try of a start that was done in part goes on with its run, and an answered question
    with the handle it was asked under; others get a new one."""
    begun = await world.runs.get(intent.run) if intent.run and intent.options else None
    if begun is not None and begun.started:
        return begun.handle
    asked = await world.runs.get(intent.run) if intent.run else None
    if asked is not None and not asked.started and not asked.overlay.not_started:
        await world.runs.reuse_handle(asked.handle, message.key)
        return asked.handle
    return await world.runs.reserve_handle(intent.platform, intent.name or intent.runbook, "", message.key)


async def _named_run(intent: Intent, message: Message, world: Services) -> TrackedRun | None:
    """The run that the command itself names: by ``--run``, or within a task's name."""
    known = await run_named(intent.run, message, world) if intent.run else None
    if known is None and isinstance(intent, Show) and is_run(intent.what):
        return await run_named(intent.what, message, world)
    for word in _task_words(intent):
        run, _ = split_handle(word)
        key = link_of(word, world) if "://" in word else None
        other = await run_named(run, message, world) if run else None
        if isinstance(key, TaskKey):
            other = await run_of_key(key.run, world)
        elif isinstance(key, RunKey):
            other = await run_of_key(key, world)
        if other and known and other.handle != known.handle:
            raise BadArguments("task.two_runs", field="tasks", one=known.handle, other=other.handle)
        known = known or other
    return known


async def execute(message: Message, ticket: Route, context: CommandContext) -> Answer:
    """Runs the handler of what ``route`` decided."""
    try:
        intent = context.services.commands.intent_from(ticket.intent or {})
        if context.run is None and intent.run:
            context = replace(context, run=await context.services.runs.get(intent.run))
        if context.run is not None and _never_read(context.run):
            context = replace(context, run=await context.services.runs.refresh(context.run.handle))
        answer = await context.services.commands[intent.verb].handle(intent, context)
        if context.run is not None:
            await context.services.runs.mark_used(message.actor, context.run.handle)
    except (CommandError, AdapterError) as error:
        return error_answer(error, context.services, message)
    return answer


def _never_read(known: TrackedRun) -> bool:
    """It was only named so far, by a list, a link or its id: nothing is known of its tasks."""
    return known.started and bool(known.run.key.id) and known.run.read_at is None and not known.run.tasks


def did_you_mean(error: UnknownCommand, world: Services) -> tuple[Button, ...]:
    """The line with each verb that may have been meant, as far as it reads then; and help."""
    buttons: list[Button] = []
    rest = str(error.facts.get("rest", ""))
    for verb in error.facts.get("guesses") or ():  # type: ignore[attr-defined]
        try:
            intent = parse(f"{verb} {rest}", world.commands, world.aliases)
        except CommandError:
            continue
        if len(intent.model_dump_json()) <= _LONGEST_IN_BUTTON:
            buttons.append(Button(shorten(f"{str(verb).capitalize()} {rest}", 30), intent))
    return (*buttons[:3], button("button.help", Help()))


def busy_answer(message: Message, handle: str) -> Answer:
    """A start in this place takes longer than its messages are held back."""
    words = translate("start.busy", run=handle)
    show = button("button.show", Show(run=handle, what=handle, kind="run"), what=handle)
    return Answer(private=short_card(words, buttons=[retry_button(message), show], tone="warn"), result="failed")


def just_changed_answer() -> Answer:
    """The card changed under the pointer."""
    return Answer(private=short_card(translate("said.just_changed"), tone="warn"), result="failed")


def fault_answer(id: str) -> Answer:
    """A bug of ours. ``id`` stands in the log too."""
    return Answer(private=short_card(translate("said.fault", id=id), tone="bad"), result="failed")


__all__ = [
    "Route",
    "busy_answer",
    "error_answer",
    "execute",
    "fault_answer",
    "intent_dump",
    "just_changed_answer",
    "lacks_run",
    "needs_place_run",
    "read_message",
    "read_now",
    "route",
]
