"""The run's card: the run as last read, and the likely next steps."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, tzinfo
from itertools import islice

from adapters.models import Health, Run, RunHealth, RunState, Stage, Task, TaskState
from adapters.protocol import Capability, is_read_in_turn, supports
from adapters.toolkit.messages import in_language
from adapters.writes import Op
from commands.cards.health_line import TONES, health_line, run_health
from commands.cards.task_buttons import begin_button, finish_button
from commands.cards.task_row import is_late, row, shown_tasks
from commands.model.card import Button, Card, Row, Section, Separator, Text
from commands.model.intents import DoAction, End, OpenForm, Retry
from commands.model.ports import Services
from commands.model.tracked_run import TrackedRun
from commands.text.catalogue import plain_text, plural, translate
from commands.text.error_text import platform_messages
from commands.text.phrases import (
    button,
    clock,
    health_name,
    join_parts,
    open_link,
    run_name,
    short_card,
    shorten,
    start_button,
)

_MOST_TASKS = 12  # drawn as rows; a longer run gets one line for each stage
_MOST_ROWS = 10
_AGE_STEP = 300  # seconds
_COUNTED = (TaskState.RUNNING, TaskState.HELD, TaskState.SKIPPED, TaskState.FAILED)


def channel_card(tracked: TrackedRun, services: Services, now: datetime) -> Card:
    """The run's live card, in the channel's language."""
    with in_language(services.language):
        return live_card(tracked, services, now)


def live_card(tracked: TrackedRun, services: Services, now: datetime) -> Card:
    """``run_card`` with the zone of ``services`` and what the run's platform supports."""
    name = tracked.run.key.platform
    adapter = services.adapter(name)
    card = run_card(
        tracked,
        now=now,
        zone=services.zone,
        can=adapter.capabilities,
        messages=platform_messages(name, services),
        shows_age=is_read_in_turn(adapter) and not tracked.run.state.is_over,
    )
    if name in services.platforms or tracked.run.state.is_over:
        return card
    return replace(card, lines=(*card.lines, translate("read.not_configured", platform=name)))


def run_card(
    tracked: TrackedRun,
    *,
    now: datetime,
    zone: tzinfo | None = None,
    can: Mapping[Op, Capability] | None = None,
    messages: Mapping[str, str] | None = None,
    shows_age: bool = False,
) -> Card:
    """Also of a run that is being started, and of one that did not start (with the reason).

    ``messages``: the catalogue of its platform, for its notes. ``shows_age``: it may be some minutes old, and says
    "as of 14:02". It is edited for that alone too, but only every five minutes.
    """
    if not tracked.started:
        return _card_before_start(tracked)
    run = tracked.run
    tasks = shown_tasks(tracked)
    health = run_health(tracked)
    counts = task_counts(tasks)
    state: Text = () if run.state is RunState.ACTIVE else translate(f"run.{run.state}")
    age = translate("run.as_of" if shows_age else "run.read", at=clock(run.read_at, zone)) if run.read_at else ()
    counts_and_age = join_parts([join_parts([state, counts]), age], Separator("   "))
    summary = join_parts(
        [run_name(tracked) + ":", join_parts([plain_text(state), _health_word(health), plain_text(counts)])], " "
    )
    return Card(
        title=(run_name(tracked),),
        subtitle=_subtitle(tracked),
        summary=plain_text(summary),
        lines=(*_lines(tracked, health, counts_and_age, zone), *_notes(run, messages or {}, zone)),
        sections=_sections(tracked, tasks, now, zone),
        buttons=() if run.state.is_over else _buttons(tracked, tasks, can or {}),
        tone=TONES[health.health],
        link=open_link(run.key.platform, run.link),
        edition=str(int(run.read_at.timestamp() // _AGE_STEP)) if shows_age and run.read_at else "",
    )


def task_counts(tasks: Sequence[Task]) -> Text:
    """ "1 of 4 done, 1 running"."""
    if not tasks:
        return translate("run.no_tasks")
    states = Counter(task.state for task in tasks)
    parts = [translate(plural("run.counts", len(tasks)), done=states[TaskState.DONE], total=len(tasks))]
    return join_parts([*parts, *_state_counts(states, _COUNTED)])


def _state_counts(counts: Mapping[TaskState, int], states: Iterable[TaskState]) -> list[Text]:
    return [
        translate(plural(f"count.{state}", counts[state]), count=counts[state])
        for state in states
        if counts[state]
    ]


def likely_steps(tracked: TrackedRun, tasks: Sequence[Task], can: Mapping[Op, Capability]) -> list[Button]:
    """At most two: finish running tasks, begin ready ones; one of each if there are both."""
    running = _first_two(tracked, tasks, TaskState.RUNNING) if supports(can, Op.FINISH) else []
    ready = _first_two(tracked, tasks, TaskState.READY) if supports(can, Op.BEGIN) else []
    if running and ready:
        running, ready = running[:1], ready[:1]
    elif running:
        ready = []
    finish = [finish_button(tracked, task) for task in running]
    return [*finish, *(begin_button(tracked, task) for task in ready)]


def _first_two(tracked: TrackedRun, tasks: Sequence[Task], state: TaskState) -> list[Task]:
    """Of the tasks in this state that a button may change."""
    found = (task for task in tasks if task.state is state and task.is_ours and tracked.task_handle(task.id))
    return list(islice(found, 2))


def _buttons(tracked: TrackedRun, tasks: Sequence[Task], can: Mapping[Op, Capability]) -> tuple[Button, ...]:
    steps = likely_steps(tracked, tasks, can)
    if tracked.run.state is RunState.PLANNED:
        steps = [start_button(tracked)] if supports(can, Op.START) else []
    elif tasks and all(task.state.is_over for task in tasks) and supports(can, Op.END):
        steps = [button("button.end", End(run=tracked.handle), run=tracked.handle)]
    if supports(can, Op.STATUS):
        steps.append(button("button.update", OpenForm(run=tracked.handle, about="status")))
    return (
        *steps,
        button("button.more", OpenForm(run=tracked.handle, about="more")),
        *_platform_button(tracked, can),
    )


def _platform_button(tracked: TrackedRun, can: Mapping[Op, Capability]) -> list[Button]:
    """At most one, because a chat has room for five: the platform's own button, or a list of them. It asks
    first."""
    names = tracked.run.own_buttons
    if not names or not supports(can, Op.ACTION):
        return []
    if len(names) > 1:
        return [button("button.offers", DoAction(run=tracked.handle), count=len(names))]
    return [Button(shorten(names[0], 30), DoAction(run=tracked.handle, action=names[0]))]


def _card_before_start(tracked: TrackedRun) -> Card:
    if not tracked.run.state.is_over:
        return short_card(translate("start.starting", run=run_name(tracked)))
    why = tracked.overlay.not_started
    again = (
        [button("button.again", Retry(run="", key=tracked.overlay.retry_key))] if tracked.overlay.retry_key else []
    )
    return short_card(
        translate("start.not_started", run=run_name(tracked)),
        lines=[(why,)] if why else [],
        buttons=again,
        tone="bad",
    )


def _subtitle(tracked: TrackedRun) -> Text:
    run = tracked.run
    where = translate("run.on", platform=run.key.platform)
    return join_parts([run.runbook, where, translate("run.rehearsal") if run.rehearsal else ()])


def _health_word(health: RunHealth) -> str:
    return "" if health.health is Health.UNSET else health_name(health.health)


def _lines(tracked: TrackedRun, health: RunHealth, counts: Text, zone: tzinfo | None) -> tuple[Text, ...]:
    return tuple(line for line in (health_line(tracked, zone), counts) if line)


def _notes(run: Run, messages: Mapping[str, str], zone: tzinfo | None) -> list[Text]:
    """What its platform's adapter adds. A stored note may have a key that no longer exists."""
    return [
        translate(note.key, messages, **note.facts, **{name: clock(at, zone) for name, at in note.times.items()})
        for note in run.notes
        if note.key in messages
    ]


def _sections(
    tracked: TrackedRun, tasks: Sequence[Task], now: datetime, zone: tzinfo | None
) -> tuple[Section, ...]:
    groups = _by_stage(tracked.run.stages, tasks)
    if len(tasks) <= _MOST_TASKS:
        return tuple(
            Section(title, tuple(row(tracked, task, now, zone) for task in group)) for title, group in groups
        )
    drawn = _most_important(tasks, now)
    return tuple(_stage_with_counts(tracked, title, group, drawn, now, zone) for title, group in groups)


def _by_stage(stages: Sequence[Stage], tasks: Sequence[Task]) -> list[tuple[str, list[Task]]]:
    """(title, tasks) in the platform's order; tasks of no stage first, under no title."""
    groups: dict[str, list[Task]] = {"": [], **{stage.id: [] for stage in stages}}
    titles = {stage.id: stage.title for stage in stages}
    for task in tasks:
        groups[task.stage if task.stage in titles and task.stage else ""].append(task)
    return [(titles.get(id, ""), group) for id, group in groups.items() if group]


def _most_important(tasks: Sequence[Task], now: datetime) -> set[str]:
    """Task ids: late and urgent ones first, then running, then ready; at most ten."""
    ranks = {TaskState.RUNNING: 1, TaskState.READY: 2}
    ranked = [(0 if _is_pressing(task, now) else ranks.get(task.state, 9), task.id) for task in tasks]
    important = sorted((pair for pair in ranked if pair[0] < 9), key=lambda pair: pair[0])
    return {id for _, id in important[:_MOST_ROWS]}


def _is_pressing(task: Task, now: datetime) -> bool:
    return is_late(task, now) or (task.urgent and not task.state.is_over)


def _stage_with_counts(
    tracked: TrackedRun, title: str, group: Sequence[Task], drawn: set[str], now: datetime, zone: tzinfo | None
) -> Section:
    rows: tuple[Row, ...] = tuple(row(tracked, task, now, zone) for task in group if task.id in drawn)
    rest = Counter(task.state for task in group if task.id not in drawn)
    return Section(title, rows, join_parts(_state_counts(rest, TaskState)))
