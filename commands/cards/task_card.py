"""A task's own card (what is to be done, who waits for whom), and a runbook's, before anybody starts it."""

from collections.abc import Mapping, Sequence

from adapters.errors import AdapterError
from adapters.models import Comment, Runbook, Stage, Task, TaskState
from adapters.protocol import LazyInstructions, supports
from adapters.writes import Op
from commands.cards.task_buttons import approve_button, begin_button, finish_button, reopen_button
from commands.cards.task_row import as_shown, handles, is_asked, row
from commands.model.card import Bold, Button, Card, Code, Row, Section, Text
from commands.model.intents import DoAction, OpenForm, Start
from commands.model.ports import CommandContext
from commands.model.tracked_run import TrackedRun
from commands.text.catalogue import plain_text, translate
from commands.text.phrases import (
    button,
    clock,
    join_parts,
    open_link,
    run_name,
    shorten,
    task_name,
    task_state_name,
)

_MOST_COMMENTS = 3
_MOST_STEPS = 40


async def task_card(context: CommandContext, known: TrackedRun, task: Task, notes: Sequence[Text] = ()) -> Card:
    task = as_shown(known, task)
    drawn = row(known, task, context.now, context.zone, whole=True)
    state: Text = join_parts([(Bold(task_state_name(task.state)),), drawn.note], "  ")
    after = [other.id for other in known.run.tasks if task.id in other.waits_for]
    lines: list[Text] = [state]
    if after:
        lines.append(
            translate("task.awaited_one" if len(after) == 1 else "task.awaited", tasks=handles(known, after))
        )
    if task.branches:
        lines.append(translate("task.leads_to", tasks=handles(known, task.branches)))
    instructions = await _instructions(context, known, task)
    lines += [(instructions,)] if instructions else [translate("task.no_instructions")]
    if task.command.strip():
        lines.append((Code(task.command, block=True),))
    lines += [_comment(comment, context) for comment in await _comments(context, known, task)]
    name = task_name(known, task)
    return Card(
        title=(f"{known.task_handle(task.id)} {task.title}".strip(),),
        subtitle=(run_name(known),),
        summary=plain_text(
            translate("task.summary", task=name, state=task_state_name(task.state), run=run_name(known))
        ),
        lines=(*lines, *notes),
        buttons=tuple(_buttons(context, known, task)),
        link=open_link(known.run.key.platform, task.link or known.run.link),
    )


async def _instructions(context: CommandContext, known: TrackedRun, task: Task) -> str:
    adapter, found = context.adapter(known), task.instructions.strip()
    return await adapter.instructions(task.id) if isinstance(adapter, LazyInstructions) and not found else found


async def _comments(context: CommandContext, known: TrackedRun, task: Task) -> Sequence[Comment]:
    """The last few of this task; those of the snapshot where the platform cannot be asked now."""
    kept = [comment for comment in known.run.comments if comment.task == task.id]
    if not supports(context.adapter(known).capabilities, Op.COMMENTS):
        return kept[-_MOST_COMMENTS:]
    try:
        found = await context.adapter(known).comments(known.run.key.id, task.id)
    except AdapterError:
        found = kept  # what the snapshot has is better than no card at all
    return list(found)[-_MOST_COMMENTS:]


def _comment(comment: Comment, context: CommandContext) -> Text:
    at: Text = (clock(comment.at, context.zone),) if comment.at else ()
    return join_parts([join_parts([comment.by, at], " "), shorten(comment.text, 300)], ": ")


def _buttons(context: CommandContext, known: TrackedRun, task: Task) -> list[Button]:
    handle, run = known.task_handle(task.id), known.handle
    can = context.adapter(known).capabilities
    if known.run.state.is_over:
        return []
    steps: list[tuple[Op, Button]] = []
    if task.state.is_over:
        steps.append((Op.REOPEN, reopen_button(known, task)))
    elif task.approval and is_asked(context.services.people.person(context.actor), task):
        steps.append((Op.APPROVE, approve_button(known, task)))
    elif task.is_ours and task.state is not TaskState.WAITING:
        if task.state is not TaskState.RUNNING:
            steps.append((Op.BEGIN, begin_button(known, task)))
        steps.append((Op.FINISH, finish_button(known, task)))
    comment = OpenForm(run=run, about="comment", fill={"task": handle})
    steps.append((Op.COMMENT, button("button.comment", comment)))
    if task.command.strip() and not task.state.is_over:
        steps.append((Op.ACTION, button("button.command", DoAction(run=run, offer=handle))))
    return [press for op, press in steps if supports(can, op)]


def runbook_card(runbook: Runbook, words: Mapping[str, str]) -> Card:
    """``words``: the sentences of its platform. Of the ways to start it the usual one and two more are buttons."""
    count = runbook.task_count if runbook.task_count is not None else len(runbook.tasks)
    lines: list[Text] = [(runbook.description,)] if runbook.description.strip() else []
    lines.append(translate("start.tasks_one" if count == 1 else "start.tasks", count=count))
    if runbook.alerts:
        lines.append(translate("start.alerts", alerts=runbook.alerts))
    begin = button("button.start_this", Start(runbook=str(runbook.key)))
    ways = [
        Button(
            shorten(plain_text(translate(way.label, words)), 30),
            Start(runbook=str(runbook.key), values=dict(way.values), rehearsal=way.rehearsal),
        )
        for way in runbook.start_options[1:3]
    ]
    form = button("button.start_form", OpenForm(about="start", fill={"runbook": str(runbook.key)}))
    return Card(
        title=(runbook.title,),
        subtitle=translate("runbook.on", platform=runbook.key.platform),
        summary=plain_text(translate("runbook.summary", runbook=runbook.title, count=count)),
        lines=tuple(lines),
        sections=tuple(_steps(runbook)),
        buttons=(begin, *ways, form),
        link=open_link(runbook.key.platform, runbook.link),
    )


def _steps(runbook: Runbook) -> list[Section]:
    stages: list[Stage | None] = [None, *runbook.stages]
    known = {stage.id for stage in runbook.stages}
    left = _MOST_STEPS
    sections: list[Section] = []
    for stage in stages:
        if stage is None:
            tasks = [task for task in runbook.tasks if task.stage not in known]
        else:
            tasks = [task for task in runbook.tasks if task.stage == stage.id]
        drawn, more = tasks[:left], len(tasks) - len(tasks[:left])
        left -= len(drawn)
        if tasks:
            rows = tuple(Row(None, "", task.title) for task in drawn)
            title = stage.title if stage else ""
            sections.append(Section(title, rows, translate("runbook.more", count=more) if more else ()))
    return sections
