"""The card of one task: its instructions, and which tasks wait for it."""

from collections.abc import Sequence

from adapters.errors import AdapterError
from adapters.models import Comment, Task, TaskState
from adapters.protocol import LazyInstructions, supports
from adapters.writes import Op
from commands.cards.platform_text import instruction_lines
from commands.cards.task_buttons import approve_button, begin_button, comments_button, finish_button, reopen_button
from commands.cards.task_row import as_shown, handles, is_asked, row
from commands.model.card import Button, Card, Text
from commands.model.intents import DoAction, OpenForm
from commands.model.ports import CommandContext
from commands.model.tracked_run import TrackedRun
from commands.text.catalogue import plain_text, plural, translate
from commands.text.phrases import (
    button,
    clock,
    join_parts,
    name_of_signer,
    open_link,
    run_name,
    shorten,
    state_and_note,
    task_name,
    task_state_name,
)

_MOST_COMMENTS = 3


async def task_card(context: CommandContext, tracked: TrackedRun, task: Task, notes: Sequence[Text] = ()) -> Card:
    task = as_shown(tracked, task)
    drawn = row(tracked, task, context.now, context.zone, whole=True)
    after = [other.id for other in tracked.run.tasks if task.id in other.waits_for]
    lines: list[Text] = [state_and_note(drawn)]
    if after:
        lines.append(translate(plural("task.awaited", len(after)), tasks=handles(tracked, after)))
    if task.branches:
        lines.append(translate("task.leads_to", tasks=handles(tracked, task.branches)))
    instructions = await _instructions(context, tracked, task)
    if not instructions:
        lines.append(translate("task.no_instructions"))
    lines += instruction_lines(context.adapter(tracked), task, instructions)
    lines += [_comment(comment, context) for comment in await _comments(context, tracked, task)]
    name = task_name(tracked, task)
    return Card(
        title=(f"{tracked.task_handle(task.id)} {task.title}".strip(),),
        subtitle=(run_name(tracked),),
        summary=plain_text(
            translate("task.summary", task=name, state=task_state_name(task.state), run=run_name(tracked))
        ),
        lines=(*lines, *notes),
        buttons=tuple(_buttons(context, tracked, task)),
        link=open_link(tracked.run.key.platform, task.link or tracked.run.link),
    )


async def _instructions(context: CommandContext, tracked: TrackedRun, task: Task) -> str:
    adapter, found = context.adapter(tracked), task.instructions.strip()
    return await adapter.instructions(task.id) if isinstance(adapter, LazyInstructions) and not found else found


async def _comments(context: CommandContext, tracked: TrackedRun, task: Task) -> Sequence[Comment]:
    """The task's last few; those of the snapshot where the platform has no comments or is not responding."""
    snapshot = [comment for comment in tracked.run.comments if comment.task == task.id]
    if not supports(context.adapter(tracked).capabilities, Op.COMMENTS):
        return snapshot[-_MOST_COMMENTS:]
    try:
        found = await context.adapter(tracked).comments(tracked.run.key.id, task.id)
    except AdapterError:
        found = snapshot
    return list(found)[-_MOST_COMMENTS:]


def _comment(comment: Comment, context: CommandContext) -> Text:
    at: Text = (clock(comment.at, context.zone, context.now),) if comment.at else ()
    return join_parts([join_parts([name_of_signer(comment.by), at], " "), shorten(comment.text, 300)], ": ")


def _buttons(context: CommandContext, tracked: TrackedRun, task: Task) -> list[Button]:
    handle, run = tracked.task_handle(task.id), tracked.handle
    can = context.adapter(tracked).capabilities
    comments = (Op.COMMENTS, comments_button(tracked, task))
    if tracked.run.state.is_over:
        return [comments[1]] if supports(can, Op.COMMENTS) else []
    buttons: list[tuple[Op, Button]] = []
    if task.state.is_over:
        buttons.append((Op.REOPEN, reopen_button(tracked, task)))
    elif task.approval and is_asked(context.services.people.person(context.actor), task):
        buttons.append((Op.APPROVE, approve_button(tracked, task)))
    elif task.is_ours and task.state is not TaskState.WAITING:
        if task.state is not TaskState.RUNNING:
            buttons.append((Op.BEGIN, begin_button(tracked, task)))
        buttons.append((Op.FINISH, finish_button(tracked, task)))
    comment = OpenForm(run=run, about="comment", fill={"task": handle})
    buttons.append((Op.COMMENT, button("button.comment", comment)))
    if task.command.strip() and not task.state.is_over:
        buttons.append((Op.ACTION, button("button.command", DoAction(run=run, action=handle))))
    buttons.append(comments)
    return [press for op, press in buttons if supports(can, op)]
