"""What a word may mean to somebody who wants to look: a run, a task or a runbook. Nothing is written."""

from dataclasses import replace

from adapters.errors import AdapterError, NotFound
from adapters.models import Runbook, RunbookKey, RunKey, Task, TaskKey
from commands.cards import Answer, Button
from commands.errors import Ambiguous, CommandError, Missing
from commands.intents import Help, Runbooks, Show
from commands.matching import Matches, match
from commands.phrases import MOST_CHOICES, bare_title, button, run_name, short, short_card, task_name
from commands.ports import Context, KnownRun
from commands.problems import catalogue
from commands.reading import fresh
from commands.references import is_run, is_task
from commands.resolve import link_of, no_run
from commands.runbooknames import Shelf, shelf
from commands.runcards import live_card
from commands.sentences import say
from commands.taskcards import runbook_card, task_card
from commands.tasknames import task_named

_SURE = 1  # a rank of ``Matches``: an exact title or its beginning


async def show_run(context: Context, known: KnownRun) -> Answer:
    """This place's run: its live card moves down here. Another place's: drawn for the person alone."""
    known, notes = await fresh(context, known)
    if known.started and await _lives_here(context, known):
        note = short_card(notes[0], lines=notes[1:]) if notes else None
        return Answer(private=note, moved=known.handle, touched=(known.handle,))
    card = live_card(known, context.world, context.now)
    return Answer(private=replace(card, lines=(*card.lines, *notes)), touched=(known.handle,))


async def _lives_here(context: Context, known: KnownRun) -> bool:
    place = context.place
    bound = await context.world.runs.of_thread(place)
    if bound is not None and bound.handle == known.handle:
        return True
    return any(one.handle == known.handle for one in await context.world.runs.of_channel(place))


async def show_task(context: Context, known: KnownRun, words: str) -> Answer:
    known, notes = await fresh(context, known)
    task = _of_words(words, known, context)
    return Answer(private=await task_card(context, known, task, notes), touched=(known.handle,))


def _of_words(words: str, known: KnownRun, context: Context) -> Task:
    return task_named(words, known, context.message, context.world, field="what")


async def show_runbook(context: Context, key: RunbookKey) -> Answer:
    runbook = await context.world.platforms[key.platform].runbook(key.id)
    return Answer(private=runbook_card(runbook, catalogue(key.platform, context.world)))


async def show(intent: Show, context: Context) -> Answer:
    what = intent.what.strip()
    if not what or is_run(what):
        if context.run is None:
            raise no_run()
        return await show_run(context, context.run)
    if is_task(what):
        if context.run is None:
            raise no_run()
        return await show_task(context, context.run, what)
    key = link_of(what, context.world)
    if key is not None:
        return await _show_key(context, key)
    return await _show_named(intent, what, context)


async def _show_key(context: Context, key: RunKey | TaskKey | RunbookKey) -> Answer:
    if isinstance(key, RunbookKey):
        return await show_runbook(context, key)
    run = key.run if isinstance(key, TaskKey) else key
    adapter = context.world.platforms[run.platform]
    try:
        read = await adapter.read(run.id)
    except NotFound:
        if isinstance(key, TaskKey):
            raise
        return await show_runbook(context, RunbookKey(platform=run.platform, id=run.id))
    known = await context.world.runs.adopt(read)
    task = known.run.task(key.id) if isinstance(key, TaskKey) else None
    if task is not None:
        return Answer(private=await task_card(context, known, task), touched=(known.handle,))
    return await show_run(context, known)


async def _show_named(intent: Show, what: str, context: Context) -> Answer:
    """A task of this place's run, a run, or a runbook: the surest fit wins; several: a button for each."""
    known = context.run
    tasks: Matches[Task] = Matches()
    runs: Matches[KnownRun] = Matches()
    if intent.kind != "runbook":
        active = [one for one in await context.world.runs.known(active=True) if one.started]
        runs = match(what, [(bare_title(one.run, one.handle), one) for one in active])
        tasks = match(what, [(task.title, task) for task in known.run.tasks] if known else [])
    if min(tasks.rank, runs.rank) > _SURE:
        on = await _shelf(what, context)
        books = match(what, [(runbook.title, runbook) for runbook in on.runbooks])
    else:
        on, books = Shelf(), Matches[Runbook]()
    best = min(tasks.rank, runs.rank, books.rank)
    if tasks.one and known and tasks.rank == best:
        return await show_task(context, known, known.task_handle(tasks.one.id))
    if runs.one and runs.rank == best:
        return await show_run(context, runs.one)
    if books.one and books.rank == best:
        return await show_runbook(context, books.one.key)
    several = _buttons(known, tasks.several, runs.several, books.several)
    if several:
        raise Ambiguous("show.several", words=short(what, 60), buttons=several[:MOST_CHOICES])
    raise _nothing(what, _buttons(known, tasks.guesses, runs.guesses, books.guesses), on)


async def _shelf(what: str, context: Context) -> Shelf:
    try:
        on = await shelf(what, "", context.world)
        return on if on.runbooks else await shelf("", "", context.world)
    except AdapterError as error:
        return Shelf(missing=(say("read.no_runbooks", platform=error.platform),))


def _buttons(
    known: KnownRun | None, tasks: tuple[Task, ...], runs: tuple[KnownRun, ...], books: tuple[Runbook, ...]
) -> list[Button]:
    found: list[Button] = []
    if known is not None:
        found += [
            Button(short(task_name(known, task), 30), Show(run=known.handle, what=handle, kind="task"))
            for task in tasks
            if (handle := known.task_handle(task.id))
        ]
    found += [Button(short(run_name(one), 30), Show(run=one.handle, what=one.handle, kind="run")) for one in runs]
    found += [Button(short(book.title, 30), Show(what=str(book.key), kind="runbook")) for book in books]
    return found


def _nothing(what: str, guesses: list[Button], on: Shelf) -> CommandError:
    buttons = [*guesses[:3], button("button.runbooks", Runbooks()), button("button.help", Help())]
    return Missing("show.nothing", words=short(what, 60), also=on.also, buttons=buttons)
