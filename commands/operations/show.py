"""Finds and shows what was named: a run, a task or a runbook. Writes nothing."""

from collections.abc import Sequence
from dataclasses import replace

from adapters.errors import AdapterError, NotFound
from adapters.models import Runbook, RunbookKey, RunKey, Task, TaskKey
from commands.cards.permitted_buttons import may
from commands.cards.run_card import live_card
from commands.cards.runbook_card import runbook_card
from commands.cards.task_card import task_card
from commands.cards.task_list import task_list_card
from commands.language.platform_references import parse_platform_reference
from commands.language.references import is_run_handle, is_task_handle
from commands.lookup.distinct_names import run_names, runbook_names
from commands.lookup.fuzzy import Matches, find_matches
from commands.lookup.run_lookup import no_run_error
from commands.lookup.run_search import load_runs, search_runs
from commands.lookup.runbook_lookup import RunbookSearch, search_runbooks
from commands.lookup.task_lookup import find_task
from commands.model.card import Answer, Button
from commands.model.command import Right
from commands.model.errors import Ambiguous, CommandError, Missing
from commands.model.intents import Help, Runbooks, Show
from commands.model.messages import Membership
from commands.model.ports import CommandContext
from commands.model.run_head import RunHead
from commands.model.tracked_run import TrackedRun
from commands.operations.comments import show_comments
from commands.operations.diff import only_runs, show_diff
from commands.operations.read_run import refreshed
from commands.text.catalogue import translate
from commands.text.error_text import platform_messages
from commands.text.phrases import LABEL_LENGTH, MOST_CHOICES, button, short_card, shorten, task_name
from commands.visibility import missing_run

_SURE_RANK = 1  # of ``Matches``: an exact title or its beginning


async def show_run(context: CommandContext, tracked: TrackedRun) -> Answer:
    """Moves the live card of this place's run down. Another place's run is shown to the person alone, and so is
    every run to a guest who may change nothing."""
    tracked, notes = await refreshed(context, tracked)
    if tracked.started and not _only_looks_on(context) and await _lives_here(context, tracked):
        note = short_card(notes[0], lines=notes[1:]) if notes else None
        return Answer(private=note, move_card=tracked.handle, changed_runs=(tracked.handle,))
    card = live_card(tracked, context.services, context.now)
    return Answer(private=replace(card, lines=(*card.lines, *notes)), changed_runs=(tracked.handle,))


def _only_looks_on(context: CommandContext) -> bool:
    is_outsider = context.actor.membership in (Membership.GUEST, Membership.EXTERNAL)
    return is_outsider and not may(Right.WRITE, context.actor, context.place, context.services)


async def show_all_tasks(context: CommandContext, tracked: TrackedRun, page: int) -> Answer:
    tracked, notes = await refreshed(context, tracked)
    card = task_list_card(tracked, page, context.now, context.zone, notes)
    return Answer(private=card, changed_runs=(tracked.handle,))


async def _lives_here(context: CommandContext, tracked: TrackedRun) -> bool:
    place = context.place
    bound = await context.services.runs.for_thread(place)
    if bound is not None and bound.handle == tracked.handle:
        return True
    return any(other.handle == tracked.handle for other in await context.services.runs.for_channel(place))


async def show_task(context: CommandContext, tracked: TrackedRun, query: str) -> Answer:
    tracked, notes = await refreshed(context, tracked)
    task = find_task(query, tracked, context.message, context.services, field="what")
    return Answer(private=await task_card(context, tracked, task, notes), changed_runs=(tracked.handle,))


async def show_runbook(context: CommandContext, key: RunbookKey) -> Answer:
    if await context.services.runs.is_hidden(RunKey(platform=key.platform, id=key.id)):
        raise _no_run(key)
    adapter = context.services.adapter(key.platform)
    runbook = await adapter.runbook(key.id)
    return Answer(private=runbook_card(runbook, adapter, platform_messages(key.platform, context.services)))


async def show(intent: Show, context: CommandContext) -> Answer:
    what = intent.what.strip()
    if not what or is_run_handle(what):
        if context.run is None:
            raise no_run_error()
        return await _show_run(intent, context, context.run)
    if is_task_handle(what):
        if context.run is None:
            raise no_run_error()
        return await _show_task(intent, context, context.run, what)
    key = parse_platform_reference(what, context.services)
    if key is not None:
        return await _show_key(intent, context, key)
    return await _show_named(intent, what, context)


async def _show_run(intent: Show, context: CommandContext, tracked: TrackedRun) -> Answer:
    if intent.diff:
        return await show_diff(context, tracked)
    if intent.all_tasks:
        return await show_all_tasks(context, tracked, intent.page)
    return await (show_comments if intent.comments else show_run)(context, tracked)


async def _show_task(intent: Show, context: CommandContext, tracked: TrackedRun, query: str) -> Answer:
    if intent.diff:
        raise only_runs(context)
    if not intent.comments:
        return await show_task(context, tracked, query)
    try:
        task = find_task(query, tracked, context.message, context.services, field="what")
    except Missing:
        tracked = await context.services.runs.refresh(tracked.handle)  # somebody may have added it there
        task = find_task(query, tracked, context.message, context.services, field="what")
    return await show_comments(context, tracked, task)


async def _show_runbook(intent: Show, context: CommandContext, key: RunbookKey) -> Answer:
    if intent.diff:
        raise only_runs(context)
    if intent.comments:
        raise Missing("comments.of_runbook", buttons=[_show_button(key)])
    return await show_runbook(context, key)


def _show_button(key: RunbookKey) -> Button:
    return button("button.show_runbook", Show(what=str(key), kind="runbook"))


async def _show_key(intent: Show, context: CommandContext, key: RunKey | TaskKey | RunbookKey) -> Answer:
    if isinstance(key, RunbookKey):
        return await _show_runbook(intent, context, key)
    run = key.run if isinstance(key, TaskKey) else key
    if await context.services.runs.is_hidden(run):
        raise _no_run(run)
    adapter = context.services.adapter(run.platform)
    try:
        read = await adapter.read(run.id)
    except NotFound as error:
        if isinstance(key, TaskKey):
            raise _no_run(run) from error
        try:
            return await _show_runbook(intent, context, RunbookKey(platform=run.platform, id=run.id))
        except NotFound as neither:
            raise _no_run(run) from neither
    tracked = await context.services.runs.track(read)
    task = tracked.run.task(key.id) if isinstance(key, TaskKey) else None
    if task is not None and intent.diff:
        raise only_runs(context)
    if task is not None and intent.comments:
        return await show_comments(context, tracked, task)
    if task is not None:
        return Answer(private=await task_card(context, tracked, task), changed_runs=(tracked.handle,))
    return await _show_run(intent, context, tracked)


def _no_run(key: RunKey | RunbookKey) -> CommandError:
    return missing_run(str(key))


async def _show_named(intent: Show, what: str, context: CommandContext) -> Answer:
    """A task of this place's run, a run, or a runbook. The best match is shown; equal matches become buttons."""
    tracked = context.run
    tasks: Matches[Task] = Matches()
    runs: Matches[RunHead] = Matches()
    if intent.kind != "runbook":
        runs = await search_runs(what, context.services)
        tasks = find_matches(what, [(task.title, task) for task in tracked.run.tasks] if tracked else [])
    if min(tasks.rank, runs.rank) > _SURE_RANK:
        search = await _search_runbooks(what, context)
        books = find_matches(what, [(runbook.title, runbook) for runbook in search.runbooks])
    else:
        search, books = RunbookSearch(), Matches[Runbook]()
    best = min(tasks.rank, runs.rank, books.rank)
    if tasks.single and tracked and tasks.rank == best:
        return await _show_task(intent, context, tracked, tracked.task_handle(tasks.single.id))
    if runs.single and runs.rank == best and (single := await context.services.runs.get(runs.single.handle)):
        return await _show_run(intent, context, single)
    if books.single and books.rank == best:
        return await _show_runbook(intent, context, books.single.key)
    equal = await load_runs(runs.several[:MOST_CHOICES], context.services)
    several = _buttons(intent, tracked, tasks.several, equal, books.several)
    if several:
        raise Ambiguous("show.several", words=shorten(what, 60), buttons=several[:MOST_CHOICES])
    similar = await load_runs(runs.guesses, context.services)
    raise _not_found(what, _buttons(intent, tracked, tasks.guesses, similar, books.guesses), search)


async def _search_runbooks(what: str, context: CommandContext) -> RunbookSearch:
    try:
        search = await search_runbooks(what, "", context.services)
        return search if search.runbooks else await search_runbooks("", "", context.services)
    except AdapterError as error:
        return RunbookSearch(gaps=(translate("read.no_runbooks", platform=error.platform),))


def _buttons(
    intent: Show,
    tracked: TrackedRun | None,
    tasks: tuple[Task, ...],
    runs: Sequence[TrackedRun],
    books: tuple[Runbook, ...],
) -> list[Button]:
    found: list[Button] = []
    comments = intent.comments
    if tracked is not None:
        found += [
            Button(
                shorten(task_name(tracked, task), 30),
                Show(run=tracked.handle, what=handle, kind="task", comments=comments),
            )
            for task in tasks
            if (handle := tracked.task_handle(task.id))
        ]
    found += [
        Button(shorten(name, LABEL_LENGTH), Show(run=run.handle, what=run.handle, kind="run", comments=comments))
        for run, name in zip(runs, run_names(runs), strict=True)
    ]
    found += [
        Button(shorten(name, LABEL_LENGTH), Show(what=str(book.key), kind="runbook"))
        for book, name in zip(books, runbook_names(books), strict=True)
    ]
    return found


def _not_found(what: str, guesses: list[Button], search: RunbookSearch) -> CommandError:
    buttons = [*guesses[:3], button("button.runbooks", Runbooks()), button("button.help", Help())]
    return Missing("show.nothing", words=shorten(what, 60), also=search.gap_text, buttons=buttons)
