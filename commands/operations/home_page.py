"""A person's own page: what they can do now in any run on any platform, and the runs that they have a part in.

Drawn from the snapshots alone. ``find_elsewhere`` first gives the runs that only a platform knows a snapshot.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from adapters.errors import AdapterError
from adapters.models import Health, Task, TaskState
from commands.cards.health_line import MOST_URGENT_FIRST, health_word
from commands.cards.permitted_buttons import may, with_permitted_buttons
from commands.cards.progress import progress_line
from commands.cards.run_tasks import RunTasks
from commands.cards.task_row import is_late, row, shown_tasks
from commands.guest_access import require_reading
from commands.model.card import Button, Card, Row, Section, Text
from commands.model.command import Right
from commands.model.errors import CommandError
from commands.model.intents import Home, Notify, OpenForm, Runs, Show
from commands.model.messages import Actor, Place
from commands.model.ports import Services
from commands.model.run_head import run_health
from commands.model.tracked_run import TrackedRun
from commands.operations.candidates import is_mine
from commands.operations.my_tasks import find_my_tasks
from commands.operations.new_readers import place_name
from commands.text.catalogue import plain_text, translate
from commands.text.phrases import bare_title, button, clock, join_parts, shorten
from commands.visibility import Reader, readable_services

_MOST_TASKS = 20
_MOST_RUNS = 15
_TITLE = 100  # characters
_BETWEEN = " · "


async def find_elsewhere(actor: Actor, place: Place, services: Services) -> Sequence[Text]:
    """Reads the runs in which a platform has a task for this person. Returns what could not be found out."""
    services, _ = readable_services(actor, place, services)
    found = await find_my_tasks(actor, services, ())
    for tracked, _ in found.by_run:
        if tracked.run.read_at is None:
            try:
                await services.runs.refresh(tracked.handle)
            except (AdapterError, CommandError):
                continue  # without its tasks, it is not shown
    return found.gaps


async def home_page(
    actor: Actor, place: Place, services: Services, now: datetime, gaps: Sequence[Text] = ()
) -> Card:
    """With only what this person may read. ``gaps`` is from ``find_elsewhere``."""
    reader = Reader(actor, services)
    services, _ = readable_services(actor, place, services)
    try:
        require_reading(Home(), Right.READ, actor, services)
    except CommandError as error:
        text = translate(error.key, **error.facts)
        return Card(title=text, summary=plain_text(text), lines=(text,))
    active = [tracked for tracked in await services.runs.runs_of(actor) if tracked.started]
    last = await services.runs.last_used(actor)
    own = [tracked for tracked in active if reader.has_part_in(services.runs.head(tracked))]
    if last is not None and last.started and services.runs.head(last).is_active and last not in own:
        own.append(last)
        active += [] if last in active else [last]
    title = translate("home_page.summary")
    helped = own if may(Right.WRITE, actor, place, services) else []
    page = Card(
        title=title,
        summary=plain_text(title),
        lines=tuple(gaps),
        sections=(_now_section(actor, active, helped, services, now), _runs_section(own, services, now)),
        buttons=(
            replace(button("button.start", OpenForm(about="start")), style="primary"),
            button("home_page.all_runs", Runs()),
            button("home_page.settings", Notify()),
        ),
        footer=translate(f"notify.{await services.preferences.notify_mode(actor)}"),
    )
    return with_permitted_buttons(page, actor, place, services)


def _now_section(
    actor: Actor, active: Sequence[TrackedRun], helped: Sequence[TrackedRun], services: Services, now: datetime
) -> Section:
    """The person's own tasks, wherever they are; then those of nobody that can begin in the runs ``helped``."""
    mine: list[tuple[int, Row]] = []
    free: list[Row] = []
    for tracked in active:
        tasks = shown_tasks(tracked)
        drawn = RunTasks(
            tracked, tasks, services.adapter(tracked.run.key.platform).capabilities, now, services.zone
        )
        for task in tasks:
            press = None if task.state is TaskState.WAITING else drawn.button_of(task)
            if press is None:
                continue
            if is_mine(task, tracked, actor, services):
                mine.append((_urgency(task, now), _task_row(tracked, task, press, services, now)))
            elif tracked in helped and task.state is TaskState.READY and not task.assignees and not task.approval:
                free.append(_task_row(tracked, task, press, services, now))
    rows = [row for _, row in sorted(mine, key=lambda found: found[0])] + free
    nothing = () if rows else translate("home_page.nothing")
    shown = [
        replace(row, button=replace(row.button, style="" if n else "primary") if row.button else None)
        for n, row in enumerate(rows[:_MOST_TASKS])
    ]
    return Section(plain_text(translate("home_page.now")), tuple(shown), _more(rows, _MOST_TASKS) or nothing)


def _urgency(task: Task, now: datetime) -> int:
    if task.state in (TaskState.FAILED, TaskState.HELD):
        return 0
    if is_late(task, now) or task.urgent:
        return 1
    return 2 if task.state is TaskState.RUNNING or task.approval else 3


def _task_row(tracked: TrackedRun, task: Task, press: Button, services: Services, now: datetime) -> Row:
    shown = row(tracked, task, now, services.zone)
    run = shorten(bare_title(tracked.run, tracked.handle), _TITLE)
    return replace(
        shown,
        handle=f"{tracked.handle}.{shown.handle}",
        title=shorten(task.title, _TITLE),
        note=join_parts([translate("home_page.in_run", run=run), shown.note], _BETWEEN),
        button=press,
    )


def _runs_section(own: Sequence[TrackedRun], services: Services, now: datetime) -> Section:
    urgent = sorted(own, key=lambda tracked: MOST_URGENT_FIRST.index(run_health(tracked).health))
    rows = [_run_row(tracked, services, now) for tracked in urgent[:_MOST_RUNS]]
    none = () if own else translate("home_page.no_runs")
    return Section(plain_text(translate("home_page.runs")), tuple(rows), _more(own, _MOST_RUNS) or none)


def _run_row(tracked: TrackedRun, services: Services, now: datetime) -> Row:
    health = run_health(tracked)
    due = translate("run.next_update", at=clock(health.due, services.zone, now)) if health.due else ()
    word = "" if health.health is Health.UNSET else health_word(health.health)
    place = place_name(tracked.home) if tracked.home is not None else ()
    note = join_parts([word, progress_line(shown_tasks(tracked)), place, due], _BETWEEN)
    show = Show(run=tracked.handle, what=tracked.handle, kind="run")
    title = shorten(bare_title(tracked.run, tracked.handle), _TITLE)
    return Row(None, tracked.handle, title, note, button("home_page.open", show))


def _more(found: Sequence[object], most: int) -> Text:
    return translate("list.more", count=len(found) - most) if len(found) > most else ()
