"""All tasks of a run by stage, a page at a time, for the person who asked."""

from collections.abc import Sequence
from datetime import datetime, tzinfo

from adapters.models import Stage, Task
from commands.cards.progress import progress_line
from commands.cards.task_row import row, shown_tasks
from commands.model.card import Button, Card, Section, Text
from commands.model.intents import Show
from commands.model.tracked_run import TrackedRun
from commands.text.catalogue import plain_text, translate
from commands.text.phrases import button, open_link, run_name

PAGE = 40  # tasks


def task_list_card(
    tracked: TrackedRun, page: int, now: datetime, zone: tzinfo | None, notes: Sequence[Text] = ()
) -> Card:
    tasks = shown_tasks(tracked)
    last_page = max((len(tasks) - 1) // PAGE, 0)
    page = min(page, last_page)
    on_page = {task.id for task in _in_order(tracked, tasks)[page * PAGE : (page + 1) * PAGE]}
    sections = [
        Section(title, tuple(row(tracked, task, now, zone) for task in drawn))
        for title, group in _by_stage(tracked.run.stages, tasks)
        if (drawn := [task for task in group if task.id in on_page])
    ]
    title = translate("tasks.title", run=run_name(tracked))
    first = page * PAGE + 1
    shown = translate("tasks.page", first=first, last=first + len(on_page) - 1, total=len(tasks))
    return Card(
        title=title,
        summary=plain_text(title),
        lines=(progress_line(tasks), *([shown] if last_page else []), *notes),
        sections=tuple(sections),
        buttons=_page_buttons(tracked, page, last_page),
        link=open_link(tracked.run.key.platform, tracked.run.link),
    )


def _page_buttons(tracked: TrackedRun, page: int, last_page: int) -> tuple[Button, ...]:
    def to(key: str, number: int) -> Button:
        return button(key, Show(run=tracked.handle, all_tasks=True, page=number))

    earlier = [to("button.earlier", page - 1)] if page > 0 else []
    return (*earlier, *([to("button.more_tasks", page + 1)] if page < last_page else []))


def _in_order(tracked: TrackedRun, tasks: Sequence[Task]) -> list[Task]:
    return [task for _, group in _by_stage(tracked.run.stages, tasks) for task in group]


def _by_stage(stages: Sequence[Stage], tasks: Sequence[Task]) -> list[tuple[str, list[Task]]]:
    """(title, tasks) in the platform's order; tasks of no stage first, under no title."""
    groups: dict[str, list[Task]] = {"": [], **{stage.id: [] for stage in stages}}
    titles = {stage.id: stage.title for stage in stages}
    for task in tasks:
        groups[task.stage if task.stage in titles and task.stage else ""].append(task)
    return [(titles.get(id, ""), group) for id, group in groups.items() if group]
