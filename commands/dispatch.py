"""Takes a message from its text to its handler: parsing, access, the run, and errors turned into answers.

``route`` runs in the place queue, on the local store only. ``execute`` runs in the run's queue; reads need none.
All turn ``CommandError`` and ``AdapterError`` into an answer. Any other exception is a bug, which the engine
answers with ``fault_answer``.
"""

from dataclasses import replace
from typing import Any

from pydantic import Field

from adapters.errors import AdapterError, NotFound
from adapters.models import Model, RunKey
from adapters.toolkit.messages import in_language
from commands.access import is_listed, require_right
from commands.cards.error_card import error_answer
from commands.cards.notices import with_files_left_out
from commands.cards.permitted_buttons import with_permitted_buttons
from commands.guest_access import is_for_guests, require_reading
from commands.lookup.earlier_message import (
    completed_intent,
    require_earlier,
    require_press,
    take_choice,
)
from commands.lookup.intent_run import find_intent_run, find_unread_run, with_leading_run
from commands.lookup.mentioned_names import with_names
from commands.lookup.message_intent import message_needs_current_rights, needs_place_run, read_message
from commands.lookup.passing_mention import ask_first
from commands.lookup.run_lookup import find_run_for_read, find_run_for_write
from commands.lookup.runbook_lookup import require_no_run
from commands.lookup.shared_files import names_left_out
from commands.model.card import Answer
from commands.model.command import Right, Scope
from commands.model.errors import BadArguments, CommandError
from commands.model.intents import Choose, DecideOutcome, Drop, Intent, Retry, Start, Stop
from commands.model.messages import Actor, Membership, Message
from commands.model.ports import CommandContext, Services
from commands.model.tracked_run import TrackedRun
from commands.operations.start_preparation import has_runbook, prepare_start
from commands.operations.task_action import require_supported
from commands.text.locales import language_of
from commands.visibility import ReadableRuns, missing_run, readable_services


class Route(Model):
    """What the place queue decided. It is stored with the inbox row."""

    intent: dict[str, Any] | None  # the dump; ``run`` is the handle of the run, if the command needs one
    queue: str = ""  # handle of the run whose queue to join; empty for reads
    lacks_run: bool = Field(False, alias="names_no_run")  # see ``needs_place_run``
    starting: bool = False  # a start; ``queue`` is its reserved handle, or empty until its runbook is found


async def route(message: Message, services: Services) -> Route | Answer | RunKey:
    """An ``Answer`` means that the message is finished, and the key of a run that ``read_run`` comes first."""
    if message.actor.membership is Membership.BOT and not is_listed(message.actor, services.access_rules):
        return Answer(result="failed")  # it might answer us, for ever
    services, runs = _readable_services(message, services)
    with in_language(language_of(message.actor, services)):
        try:
            intent = await _permitted_intent(message, services)
            if isinstance(intent, Start):
                return await _route_start(intent, message, services)
            return await _route_to_run(intent, message, services)
        except CommandError as error:
            return _for_its_reader(error_answer(error, services, message), message, services, runs)


async def _permitted_intent(message: Message, services: Services) -> Intent:
    """The intent, with a choice completed. Raises ``NotAllowed``."""
    intent = await _read(message, services)
    if isinstance(intent, Choose | Retry):
        completed = await completed_intent(intent, services)
        await require_right_for(completed, message, services)  # if it raises, the choice stays open
        if await find_unread_run(completed, services) is None:  # else it is routed again
            await require_press(completed, intent.key, message, services)
            await take_choice(intent, message, services)
        return await with_leading_run(completed, services)
    if message.intent is None:
        intent = await with_leading_run(intent, services)
    await require_right_for(intent, message, services)
    if message.in_passing:
        ask_first(intent, await _require_possible(intent, message, services), message, services)
    return intent


async def _read(message: Message, services: Services) -> Intent:
    try:
        return await read_message(message, services)
    except BadArguments as error:
        if error.wanted is not None and "verb" in error.wanted.values:
            await _require_possible(services.commands.intent_from(error.wanted.values), message, services)
        raise


async def _require_possible(intent: Intent, message: Message, services: Services) -> TrackedRun | None:
    """The run of a write, if it is clear which one. Raises where its platform cannot do this: then nothing is
    asked first."""
    command = services.commands[intent.verb]
    if command.scope is not Scope.WRITE or command.op is None:
        return None
    try:
        tracked = await find_intent_run(intent, message, services)
        tracked = tracked or await _find_run_of_place(intent, message, services)
    except CommandError:
        return None
    if tracked is not None and tracked.run.key.platform in services.platforms:
        require_supported(command.op, tracked.run.key.platform, services)
    return tracked


async def _route_start(intent: Start, message: Message, services: Services) -> Route:
    """In no queue until its runbook is found: see ``_execute``."""
    earlier = await services.runs.get(intent.run) if intent.run else None
    if earlier is not None and earlier.started and intent.options:
        return _start_route(intent)  # a confirmed second try of a start that was done in part
    if not intent.run:
        await require_no_run(intent.runbook, services)
    return _start_route(intent.model_copy(update={"run": ""}))


def _start_route(intent: Start) -> Route:
    return Route(intent=intent.model_dump(mode="json"), queue=intent.run, starting=True)


async def _route_to_run(intent: Intent, message: Message, services: Services) -> Route | RunKey:
    commands = services.commands
    lacks_run = needs_place_run(intent, commands)
    scope = commands.scope_of(intent)
    if scope is Scope.NONE and not intent.run:
        return Route(intent=intent.model_dump(mode="json"))
    unread = await find_unread_run(intent, services)
    if unread is not None:
        return unread
    tracked = await find_intent_run(intent, message, services)
    if tracked is None and scope in (Scope.READ, Scope.WRITE):
        tracked = await _find_run_of_place(intent, message, services)
    if tracked is None:
        return Route(intent=intent.model_dump(mode="json"), lacks_run=lacks_run)
    writes = scope is Scope.WRITE and commands[intent.verb].op is not None
    dump = intent.model_copy(update={"run": tracked.handle}).model_dump(mode="json")
    return Route(intent=dump, queue=tracked.handle if writes else "", lacks_run=lacks_run)


async def _find_run_of_place(intent: Intent, message: Message, services: Services) -> TrackedRun | None:
    """Only a read may guess."""
    commands = services.commands
    if commands.scope_of(intent) is Scope.READ and commands.right_of(intent) is Right.READ:
        return await find_run_for_read(message, services)
    return await find_run_for_write(message, services)


async def read_run(key: RunKey, message: Message, services: Services) -> Answer | None:
    """Gives the run a handle, and then the message can be routed. An ``Answer`` means that it is finished.

    What is not a run (a step, a template), or cannot be read, gets no handle.
    """
    services, runs = _readable_services(message, services)
    is_write = message_needs_current_rights(message, services)
    with in_language(language_of(message.actor, services)):
        try:
            run = await services.adapter(key.platform).read(key.id)
            await services.runs.track(run.model_copy(update={"key": key}))
        except NotFound:
            missing = missing_run(str(key))
            return error_answer(missing, services, message, is_write=is_write)
        except (AdapterError, CommandError) as error:
            answer = error_answer(error, services, message, is_write=is_write)
            return _for_its_reader(answer, message, services, runs)
    return None


async def execute(
    message: Message, route: Route, context: CommandContext, *, has_begun: bool = False
) -> Answer | Route:
    """Calls the handler of the routed intent. A ``Route`` means that the message goes on in that queue.

    Checks the rights again, because they may have changed while the message waited. One that ``has_begun`` is
    finished anyway: half of a write would be worse.
    """
    with in_language(language_of(message.actor, context.services)):
        return await _execute(message, route, context, has_begun)


async def _execute(message: Message, route: Route, context: CommandContext, has_begun: bool) -> Answer | Route:
    services, runs = _readable_services(message, context.services)
    if has_begun:
        services, runs = context.services, None
    context = replace(context, services=services)
    right, is_public, left_out = Right.READ, True, ""
    try:
        intent = services.commands.intent_from(route.intent or {})
        left_out = names_left_out(intent, message)
        right, is_public = services.commands.right_of(intent), is_for_guests(intent, services)
        if not has_begun:
            await require_right_for(intent, message, services)
        handle = context.run.handle if context.run is not None else intent.run
        if handle:
            context = replace(context, run=await required_run_of(handle, services))
        if context.run is not None and _was_never_read(context.run):
            context = replace(context, run=await services.runs.refresh(context.run.handle))
        intent = await with_names(intent, message, services)
        if isinstance(intent, Start) and not has_runbook(context):
            prepared = await prepare_start(intent, context)
            return _start_route(prepared) if isinstance(prepared, Start) else prepared
        answer = await services.commands[intent.verb].handle(intent, context)
        if context.run is not None:
            await services.runs.mark_used(message.actor, context.run.handle)
    except (CommandError, AdapterError) as error:
        answer = error_answer(error, services, message, is_write=right is not Right.READ)
    answer = with_files_left_out(answer, left_out)
    if answer.private is not None and not is_public:
        answer = replace(answer, private=replace(answer.private, members_only=True))
    return _for_its_reader(answer, message, services, runs)


def _was_never_read(tracked: TrackedRun) -> bool:
    """Known only from a list, a link or its id, so its tasks are unknown."""
    run = tracked.run
    return tracked.started and bool(run.key.id) and run.read_at is None and not run.tasks


async def require_access(intent: Intent, message: Message, services: Services) -> None:
    """As ``require_right_for``. Raises ``Missing`` too, if the sender may not read the run any more."""
    await require_right_for(intent, message, services)
    services, _ = _readable_services(message, services)
    if intent.run:
        await required_run_of(intent.run, services)


async def require_right_for(intent: Intent, message: Message, services: Services) -> None:
    """Raises ``NotAllowed`` unless the sender of the message may do this in its place."""
    right = await _required_right(intent, message.actor, services)
    require_reading(intent, right, message.actor, services)
    require_right(right, message.actor, message.place, services.access_rules)


async def _required_right(intent: Intent, actor: Actor, services: Services) -> Right:
    commands = services.commands
    if isinstance(intent, DecideOutcome):
        await require_earlier(intent, actor, services)
        return commands.right_of_step(intent.step)
    if isinstance(intent, Drop | Stop):
        return commands.right_of(await require_earlier(intent, actor, services))
    return commands.right_of(intent)


async def required_run_of(handle: str, services: Services) -> TrackedRun:
    """Raises ``Missing`` if the sender may not read it, or not any more."""
    tracked = await services.runs.get(handle)
    if tracked is None:
        raise missing_run(handle)
    return tracked


def _readable_services(message: Message, services: Services) -> tuple[Services, ReadableRuns | None]:
    """With the runs that the sender may read. A reminder is sent by the engine, whoever made the promise."""
    if message.intent is not None and message.intent.get("verb") == "due":
        return services, None
    return readable_services(message.actor, message.place, services)


def _for_its_reader(answer: Answer, message: Message, services: Services, runs: ReadableRuns | None) -> Answer:
    """With the buttons that this person may press. Nobody else in the place may read an answer about a run that
    belongs elsewhere."""
    if message.actor.membership is Membership.BOT:
        return _for_a_bot(answer)
    if answer.private is None:
        return answer
    private = with_permitted_buttons(answer.private, message.actor, message.place, services)
    if runs is not None and runs.shown_elsewhere and not message.place.direct:
        private = replace(private, confidential=True)
    return replace(answer, private=private)


def _for_a_bot(answer: Answer) -> Answer:
    """Nobody reads what is shown to a bot alone. People can see what it started; they also see what went wrong."""
    failure = answer.private if answer.result != "done" else None
    return replace(answer, private=None, public=answer.public or failure)
