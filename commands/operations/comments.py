"""Shows the comments of a run or of one of its tasks: who said what, and when. Writes nothing."""

from adapters.models import Comment, Listing, Task
from adapters.writes import Op
from commands.lookup.run_lookup import was_never_started
from commands.model.card import Answer, Bold, Card, Code, Text
from commands.model.ports import CommandContext
from commands.model.tracked_run import TrackedRun
from commands.operations.task_action import require, require_started
from commands.text.catalogue import plain_text, plural, translate
from commands.text.phrases import (
    clock,
    join_parts,
    name_of_signer,
    open_link,
    run_name,
    short_card,
    show_button,
    task_name,
)

_MOST_COMMENTS = 10  # fewer than an adapter reads, so that older ones are noticed
_LONGEST = 600  # characters of one


async def show_comments(context: CommandContext, tracked: TrackedRun, task: Task | None = None) -> Answer:
    """Of the run, or of ``task``. Raises ``CommandError`` where comments cannot be read, and ``AdapterError``."""
    if was_never_started(tracked):
        title = translate("comments.never", run=run_name(tracked))
        return Answer(private=short_card(title, buttons=[show_button(tracked)]))
    require_started(tracked, context.services)
    require(context, tracked, Op.COMMENTS)
    key = tracked.run.key
    found = await context.adapter(tracked).comments(key.id, task.id if task else None)
    shown = found[-_MOST_COMMENTS:]
    what = task_name(tracked, task) if task else run_name(tracked)
    title = translate("comments.title" if shown else "comments.none", what=what)
    is_cut = len(shown) < len(found) or (isinstance(found, Listing) and not found.complete)
    lines = [_line(comment, tracked, context, names_task=task is None) for comment in shown]
    if is_cut:
        count = len(shown)
        last = translate(plural("comments.last", count), count=count)
        lines.insert(0, last if count else translate("comments.not_all"))
    if not found and task is None and tracked.run.tasks:
        # Some platforms keep those of a task with the task alone, where reading each takes a request.
        handle = tracked.task_handle(tracked.run.tasks[0].id)
        lines.append(
            translate("comments.see_task", line=Code(f"{context.services.root_command} comments {handle}"))
        )
    card = Card(
        title=title,
        subtitle=(run_name(tracked),) if task else (),
        summary=plain_text(title),
        lines=tuple(lines),
        link=open_link(key.platform, (task.link if task else None) or tracked.run.link),
    )
    return Answer(private=card)


def _line(comment: Comment, tracked: TrackedRun, context: CommandContext, *, names_task: bool) -> Text:
    """ "Ana 14:02 T3: the vendor answered"."""
    who: Text = (Bold(name_of_signer(comment.by)),) if comment.by else ()
    at: Text = (clock(comment.at, context.zone, context.now),) if comment.at else ()
    handle = tracked.task_handle(comment.task) if names_task and comment.task else ""
    return join_parts([join_parts([who, at, handle], " "), _shortened(comment.text)], ": ")


def _shortened(text: str) -> str:
    """With its line breaks."""
    text = text.strip()
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1].rstrip()}…"
