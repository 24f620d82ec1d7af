"""What a word may mean to somebody who wants to look: a run, a task or a runbook. Nothing is written."""

from dataclasses import replace

from adapters.errors import AdapterError, NotFound
from adapters.models import Runbook, RunbookKey, RunKey, Task, TaskKey
from commands.cards.run_card import live_card
from commands.cards.task_card import runbook_card, task_card
from commands.language.references import is_run, is_task
from commands.lookup.fuzzy import Matches, match
from commands.lookup.run_lookup import link_of, no_run
from commands.lookup.runbook_lookup import RunbookSearch, search_runbooks
from commands.lookup.task_lookup import task_named
from commands.model.card import Answer, Button
from commands.model.errors import Ambiguous, CommandError, Missing
from commands.model.intents import Help, Runbooks, Show
from commands.model.ports import CommandContext
from commands.model.tracked_run import TrackedRun
from commands.operations.read_run import refreshed
from commands.text.catalogue import translate
from commands.text.error_text import catalogue
from commands.text.phrases import MOST_CHOICES, bare_title, button, run_name, short_card, shorten, task_name

_SURE = 1  # a rank of ``Matches``: an exact title or its beginning


async def show_run(context: CommandContext, known: TrackedRun) -> Answer:
    """This place's run: its live card moves down here. Another place's: drawn for the person alone."""
    known, notes = await refreshed(context, known)
    if known.started and await _lives_here(context, known):
        note = short_card(notes[0], lines=notes[1:]) if notes else None
        return Answer(private=note, move_card=known.handle, changed_runs=(known.handle,))
    card = live_card(known, context.services, context.now)
    return Answer(private=replace(card, lines=(*card.lines, *notes)), changed_runs=(known.handle,))


async def _lives_here(context: CommandContext, known: TrackedRun) -> bool:
    place = context.place
    bound = await context.services.runs.for_thread(place)
    if bound is not None and bound.handle == known.handle:
        return True
    return any(one.handle == known.handle for one in await context.services.runs.for_channel(place))


async def show_task(context: CommandContext, known: TrackedRun, words: str) -> Answer:
    known, notes = await refreshed(context, known)
    task = _of_words(words, known, context)
    return Answer(private=await task_card(context, known, task, notes), changed_runs=(known.handle,))


def _of_words(words: str, known: TrackedRun, context: CommandContext) -> Task:
    return task_named(words, known, context.message, context.services, field="what")


async def show_runbook(context: CommandContext, key: RunbookKey) -> Answer:
    runbook = await context.services.platforms[key.platform].runbook(key.id)
    return Answer(private=runbook_card(runbook, catalogue(key.platform, context.services)))


async def show(intent: Show, context: CommandContext) -> Answer:
    what = intent.what.strip()
    if not what or is_run(what):
        if context.run is None:
            raise no_run()
        return await show_run(context, context.run)
    if is_task(what):
        if context.run is None:
            raise no_run()
        return await show_task(context, context.run, what)
    key = link_of(what, context.services)
    if key is not None:
        return await _show_key(context, key)
    return await _show_named(intent, what, context)


async def _show_key(context: CommandContext, key: RunKey | TaskKey | RunbookKey) -> Answer:
    if isinstance(key, RunbookKey):
        return await show_runbook(context, key)
    run = key.run if isinstance(key, TaskKey) else key
    adapter = context.services.platforms[run.platform]
    try:
        read = await adapter.read(run.id)
    except NotFound:
        if isinstance(key, TaskKey):
            raise
        return await show_runbook(context, RunbookKey(platform=run.platform, id=run.id))
    known = await context.services.runs.track(read)
    task = known.run.task(key.id) if isinstance(key, TaskKey) else None
    if task is not None:
        return Answer(private=await task_card(context, known, task), changed_runs=(known.handle,))
    return await show_run(context, known)


async def _show_named(intent: Show, what: str, context: CommandContext) -> Answer:
    """A task of this place's run, a run, or a runbook: the surest fit wins; several: a button for each."""
    known = context.run
    tasks: Matches[Task] = Matches()
    runs: Matches[TrackedRun] = Matches()
    if intent.kind != "runbook":
        active = [one for one in await context.services.runs.list_runs(active=True) if one.started]
        runs = match(what, [(bare_title(one.run, one.handle), one) for one in active])
        tasks = match(what, [(task.title, task) for task in known.run.tasks] if known else [])
    if min(tasks.rank, runs.rank) > _SURE:
        on = await _shelf(what, context)
        books = match(what, [(runbook.title, runbook) for runbook in on.runbooks])
    else:
        on, books = RunbookSearch(), Matches[Runbook]()
    best = min(tasks.rank, runs.rank, books.rank)
    if tasks.one and known and tasks.rank == best:
        return await show_task(context, known, known.task_handle(tasks.one.id))
    if runs.one and runs.rank == best:
        return await show_run(context, runs.one)
    if books.one and books.rank == best:
        return await show_runbook(context, books.one.key)
    several = _buttons(known, tasks.several, runs.several, books.several)
    if several:
        raise Ambiguous("show.several", words=shorten(what, 60), buttons=several[:MOST_CHOICES])
    raise _nothing(what, _buttons(known, tasks.guesses, runs.guesses, books.guesses), on)


async def _shelf(what: str, context: CommandContext) -> RunbookSearch:
    try:
        on = await search_runbooks(what, "", context.services)
        return on if on.runbooks else await search_runbooks("", "", context.services)
    except AdapterError as error:
        return RunbookSearch(missing=(translate("read.no_runbooks", platform=error.platform),))


def _buttons(
    known: TrackedRun | None, tasks: tuple[Task, ...], runs: tuple[TrackedRun, ...], books: tuple[Runbook, ...]
) -> list[Button]:
    found: list[Button] = []
    if known is not None:
        found += [
            Button(shorten(task_name(known, task), 30), Show(run=known.handle, what=handle, kind="task"))
            for task in tasks
            if (handle := known.task_handle(task.id))
        ]
    found += [
        Button(shorten(run_name(one), 30), Show(run=one.handle, what=one.handle, kind="run")) for one in runs
    ]
    found += [Button(shorten(book.title, 30), Show(what=str(book.key), kind="runbook")) for book in books]
    return found


def _nothing(what: str, guesses: list[Button], on: RunbookSearch) -> CommandError:
    buttons = [*guesses[:3], button("button.runbooks", Runbooks()), button("button.help", Help())]
    return Missing("show.nothing", words=shorten(what, 60), also=on.also, buttons=buttons)
