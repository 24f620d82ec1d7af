"""Lists that somebody reads: what can begin, my tasks, the runs, the runbooks, the commands."""

import asyncio
from collections.abc import Sequence

from adapters.errors import AdapterError, NotFound
from adapters.models import RunSummary, Task, TaskState
from adapters.protocol import Emulated, Unsupported, supports
from adapters.writes import Op
from commands.cards.error_card import adapter_error_text, platform_title
from commands.cards.run_card import STATES, counted
from commands.cards.task_buttons import begin_button
from commands.cards.task_row import row, shown_tasks
from commands.language.tokens import folded
from commands.lookup.fuzzy import match
from commands.lookup.runbook_lookup import platform_named, search_runbooks
from commands.model.card import Answer, Button, Card, Code, Section, Text
from commands.model.command import Command
from commands.model.intents import Finish, Help, Mine, OpenForm, Runbooks, Start
from commands.model.ports import CommandContext, TrackedRun
from commands.operations.platform_actions import is_supported_on
from commands.operations.read_run import pending_changes
from commands.operations.task_action import is_mine
from commands.registry import COMMANDS, vocabulary
from commands.text.catalogue import plain_text, translate
from commands.text.phrases import (
    bare_title,
    button,
    clock,
    disambiguated_label,
    join_parts,
    label,
    run_name,
    short_card,
    shorten,
    show_button,
)

_MOST_ROWS = 10
_MOST_RUNS = 10
_MOST_RUNBOOKS = 20
_MOST_BUTTONS = 4


async def next_tasks(context: CommandContext, known: TrackedRun) -> Answer:
    """From the snapshot, and saying when that was read."""
    if known.run.state.is_over:
        words = translate("next.over", run=run_name(known), state=translate(STATES[known.run.state]))
        return Answer(private=short_card(words, buttons=[show_button(known)]))
    tasks = shown_tasks(known)
    ready = [task for task in tasks if task.state is TaskState.READY]
    running = [task for task in tasks if task.state is TaskState.RUNNING]
    sections = tuple(_drawn(context, known, tasks) for tasks in (ready, running) if tasks)
    key = "next.title" if ready else "next.none"
    begin = [begin_button(known, one) for one in ready if one.is_ours and known.task_handle(one.id)]
    finish = [_finish(known, task) for task in running if task.is_ours]
    return Answer(
        private=Card(
            title=translate(key, run=run_name(known)),
            summary=plain_text(translate(key, run=run_name(known))),
            lines=(*_read_at(context, known), *await pending_changes(context, known)),
            sections=sections,
            buttons=tuple((begin or finish)[:_MOST_BUTTONS]),
        )
    )


def _drawn(context: CommandContext, known: TrackedRun, tasks: Sequence[Task]) -> Section:
    """Without a title: each row says its state."""
    rows = tuple(row(known, task, context.now, context.zone) for task in tasks[:_MOST_ROWS])
    return Section(
        "", rows, translate("list.more", count=len(tasks) - _MOST_ROWS) if len(tasks) > _MOST_ROWS else ()
    )


def _read_at(context: CommandContext, known: TrackedRun) -> tuple[Text, ...]:
    read = known.run.read_at
    return (translate("run.read", at=clock(read, context.zone)),) if read else ()


def _finish(known: TrackedRun, task: Task) -> Button:
    handle = known.task_handle(task.id)
    return button("button.finish_in", Finish(run=known.handle, tasks=(handle,)), run=known.handle, task=handle)


async def my_tasks(context: CommandContext) -> Answer:
    """In all active runs, or in the one that was named."""
    active = await context.services.runs.list_runs(active=True)
    runs = [context.run] if context.run else [known for known in active if known.started]
    sections: list[Section] = []
    buttons: list[Button] = []
    total = 0
    for known in runs:
        mine = [task for task in shown_tasks(known) if not task.state.is_over and is_mine(task, known, context)]
        total += len(mine)
        if mine and len(sections) < _MOST_RUNS:
            rows = tuple(row(known, task, context.now, context.zone) for task in mine[:_MOST_ROWS])
            sections.append(Section(run_name(known), rows))
        buttons += [_finish(known, task) for task in mine if task.state is TaskState.RUNNING and task.is_ours]
    key = "mine.none" if not total else "mine.one" if total == 1 else "mine.title"
    words = translate(key, count=total)
    card = Card(
        title=words,
        summary=plain_text(words),
        lines=tuple(_nobodys(runs, context)) if not total else (),
        sections=tuple(sections),
        buttons=tuple(buttons[:_MOST_BUTTONS]),
    )
    return Answer(private=card)


def _nobodys(runs: Sequence[TrackedRun], context: CommandContext) -> list[Text]:
    """A platform that names nobody and takes no names: that nothing is mine there says little."""
    silent = [
        known.run.key.platform
        for known in runs
        if not supports(context.adapter(known).capabilities, Op.ASSIGN)
        and not any(task.assignees for task in known.run.tasks)
    ]
    names = dict.fromkeys(platform_title(name, context.services) for name in silent)
    return [
        translate("mine.nobodys", platform=name, next=Code(f"{context.services.root_command} next"))
        for name in names
    ]


async def list_runs(context: CommandContext, words: str) -> Answer:
    """What is under way on the platforms; each shown gets its handle."""
    world = context.services
    asked = await asyncio.gather(
        *(adapter.runs(words) for adapter in world.platforms.values()), return_exceptions=True
    )
    heads: list[RunSummary] = []
    notes: list[Text] = []
    answered: set[str] = set()
    for name, answer in zip(world.platforms, asked, strict=True):
        if isinstance(answer, AdapterError):
            notes.append(adapter_error_text(answer, world))
        elif isinstance(answer, BaseException):
            raise answer
        else:
            heads += answer
            answered.add(name)
    there = {head.key for head in heads}
    active = [one for one in await world.runs.list_runs(active=True) if one.started]
    missing = [one for one in active if one.run.key.platform in answered and one.run.key not in there]
    if words:
        wanted = {head.key for head in _fitting([one.run.summary() for one in missing], words)}
        missing = [one for one in missing if one.run.key in wanted]
    known = await _without_over(context, active, missing[:_MOST_RUNS])
    listed = [*(one.run.summary() for one in known), *heads]
    unique = {head.key: head for head in reversed(listed)}
    fits = list(reversed(unique.values())) if not words else _fitting(list(reversed(unique.values())), words)
    shown = [await world.runs.track(head) for head in fits[:_MOST_RUNS]]
    lines = [_run_line(one, head) for one, head in zip(shown, fits, strict=False)]
    if len(fits) > len(shown):
        lines.append(translate("list.more", count=len(fits) - len(shown)))
    key = "runs.none" if not shown else "runs.title"
    start = button("button.start", OpenForm(about="start"))
    buttons = [show_button(one) for one in shown[: _MOST_BUTTONS - (not shown)]] or [start]
    return Answer(private=short_card(translate(key), lines=[*lines, *notes], buttons=buttons))


async def _without_over(
    context: CommandContext, known: Sequence[TrackedRun], missing: Sequence[TrackedRun]
) -> Sequence[TrackedRun]:
    """``missing``: not in their platform's list any more. They are read: others may have ended them there."""

    async def is_over(one: TrackedRun) -> bool:
        try:
            return (await context.services.runs.refresh(one.handle)).run.state.is_over
        except NotFound:
            return True
        except AdapterError:
            return False

    over = {
        one.handle for one, gone in zip(missing, await asyncio.gather(*map(is_over, missing)), strict=True) if gone
    }
    return [one for one in known if one.handle not in over]


def _fitting(heads: Sequence[RunSummary], words: str) -> list[RunSummary]:
    found = match(words, [(head.title, head) for head in heads])
    return [found.one] if found.one else list(found.several)


def _run_line(known: TrackedRun, head: RunSummary) -> Text:
    tasks = shown_tasks(known)
    if tasks:
        counts = counted(tasks)
    elif head.total is not None and head.done is not None:
        counts = translate("run.counts", done=head.done, total=head.total)
    else:
        counts = ()
    title = bare_title(known.run, known.handle) or head.title
    return join_parts([f"{known.handle} {title}", counts, translate("run.on", platform=known.run.key.platform)])


async def list_runbooks(context: CommandContext, words: str, platform: str) -> Answer:
    on = await search_runbooks(words, platform, context.services)
    found = on.runbooks
    if words:
        fits = match(words, [(runbook.title, runbook) for runbook in on.runbooks])
        found = (fits.one,) if fits.one else fits.several or fits.guesses
    key = "runbooks.none" if not found else "runbooks.title"
    lines: list[Text] = []
    for runbook in found[:_MOST_RUNBOOKS]:
        count = runbook.task_count
        tasks: Text = () if count is None else translate("start.tasks_short", count=count)
        lines.append(join_parts([runbook.title, tasks, translate("run.on", platform=runbook.key.platform)]))
    if len(found) > _MOST_RUNBOOKS:
        lines.append(translate("list.more", count=len(found) - _MOST_RUNBOOKS))
    buttons = [
        Button(
            disambiguated_label(runbook, found) or label("button.start_named", runbook=runbook.title),
            Start(runbook=str(runbook.key)),
        )
        for runbook in found[:_MOST_BUTTONS]
    ]
    name = platform_named(platform, context.services) if platform else ""
    title = join_parts([translate(key), translate("run.on", platform=name) if name else ()], " ")
    return Answer(private=short_card(title, lines=[*lines, *on.missing], buttons=buttons))


def show_help(context: CommandContext, words: str) -> Answer:
    """All commands, or one with its examples and what the platforms make of it."""
    verb = vocabulary(context.services.aliases).get(folded(words), "") if words else ""
    if verb:
        return Answer(private=_one_command(context, COMMANDS[verb]))
    lines = [
        (Code(f"{context.services.root_command} {command.verb} {command.usage}".strip()), f"  {command.summary}")
        for command in sorted(COMMANDS.values(), key=lambda command: (command.op is None, command.verb))
        if command.typed
        and command.verb != "home"
        and (not command.op or is_supported_on(command.op, context.services))
    ]
    title = translate("help.unknown", words=shorten(words, 40)) if words else translate("help.title")
    more = translate("help.more", root=context.services.root_command, mention=context.services.mention)
    buttons = [
        button("button.start", OpenForm(about="start")),
        button("button.runbooks", Runbooks()),
        button("button.mine", Mine()),
    ]
    return Answer(private=short_card(title, lines=[*lines, more], buttons=buttons))


def _one_command(context: CommandContext, command: Command) -> Card:
    root = context.services.root_command
    lines: list[Text] = [(Code(f"{root} {command.verb} {command.usage}".strip()),)]
    if command.aliases:
        lines.append(translate("help.aliases", words=", ".join(command.aliases)))
    lines += [translate("help.example", line=Code(f"{root} {example.line}")) for example in command.examples]
    if command.op is not None:
        lines += [note for name in context.services.platforms if (note := _capability(context, name, command.op))]
    return short_card(
        translate("help.one", verb=command.verb, summary=command.summary),
        lines=lines,
        buttons=[button("button.help", Help())],
    )


def _capability(context: CommandContext, name: str, op: Op) -> Text:
    platform = platform_title(name, context.services)
    match context.services.platforms[name].capabilities.get(op):
        case Emulated(how=how):
            return translate("help.emulated", platform=platform, how=how)
        case Unsupported(alternative=instead):
            return translate("help.unsupported", platform=platform, instead=instead)
    return ()
