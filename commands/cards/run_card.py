"""The run's card: what is true of a run, as last read, and the likely next steps."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, tzinfo
from itertools import islice

from adapters.models import Health, Run, RunHealth, RunState, Stage, Task, TaskState
from adapters.protocol import Capability, supports
from adapters.writes import Op
from commands.cards.task_buttons import begin_button, finish_button
from commands.cards.task_row import is_late, row, shown_tasks
from commands.model.card import Bold, Button, Card, Row, Section, Separator, Span, Text, Tone
from commands.model.intents import DoAction, End, OpenForm, Retry
from commands.model.ports import Services
from commands.model.tracked_run import TrackedRun
from commands.text.catalogue import plain_text, translate
from commands.text.error_text import catalogue
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

_ALL_DRAWN = 12  # tasks; a longer run gets one line a stage
_MOST_ROWS = 10
_LONGEST_HEALTH = 200  # characters; ``status`` shows all of it
TONES: Mapping[Health, Tone] = {
    Health.GREEN: "good",
    Health.AMBER: "warn",
    Health.RED: "bad",
    Health.UNSET: "",
}
STATES: Mapping[RunState, str] = {
    RunState.PLANNED: "run.planned",
    RunState.STARTING: "run.starting",
    RunState.PAUSED: "run.paused",
    RunState.FINISHED: "run.finished",
    RunState.CANCELLED: "run.cancelled",
}
TASK_WORDS: Mapping[TaskState, str] = {
    TaskState.WAITING: "count.waiting",
    TaskState.READY: "count.ready",
    TaskState.RUNNING: "count.running",
    TaskState.HELD: "count.held",
    TaskState.DONE: "count.done",
    TaskState.SKIPPED: "count.skipped",
    TaskState.FAILED: "count.failed",
}
_COUNTED = (TaskState.RUNNING, TaskState.HELD, TaskState.SKIPPED, TaskState.FAILED)


def live_card(known: TrackedRun, world: Services, now: datetime) -> Card:
    """As ``run_card``, with the zone and the capabilities that the world knows."""
    adapter = world.platforms.get(known.run.key.platform)
    words = catalogue(known.run.key.platform, world)
    return run_card(known, now=now, zone=world.zone, can=adapter.capabilities if adapter else {}, words=words)


def run_card(
    known: TrackedRun,
    *,
    now: datetime,
    zone: tzinfo | None = None,
    can: Mapping[Op, Capability] | None = None,
    words: Mapping[str, str] | None = None,
) -> Card:
    """Also of a run that is only being started, and of one that was never started (with the reason).

    ``words``: the sentences of its platform, for its notes.
    """
    if not known.started:
        return _unstarted(known)
    run = known.run
    tasks = shown_tasks(known)
    health = run_health(known)
    counts = counted(tasks)
    state: Text = translate(STATES[run.state]) if run.state in STATES else ()
    summary = join_parts(
        [run_name(known) + ":", join_parts([plain_text(state), _health_word(health), plain_text(counts)])], " "
    )
    return Card(
        title=(run_name(known),),
        subtitle=_aside(known),
        summary=plain_text(summary),
        lines=(*_lines(known, health, join_parts([state, counts]), zone), *_notes(run, words or {}, zone)),
        sections=_sections(known, tasks, now, zone),
        buttons=() if run.state.is_over else _buttons(known, tasks, can or {}),
        tone=TONES[health.health],
        link=open_link(run.key.platform, run.link),
    )


def run_health(known: TrackedRun) -> RunHealth:
    """The newer of what the platform holds and what Liaison keeps for it; a kept colour outlives a text."""
    run, kept = known.run, known.overlay
    theirs = RunHealth(health=run.health, text=run.health_text, by=run.health_by, at=run.health_at)
    newest = kept.promised_at is not None and (run.health_at is None or kept.promised_at >= run.health_at)
    due = kept.update_due if newest else kept.update_due or run.update_due
    if kept.health_at and (run.health_at is None or kept.health_at >= run.health_at):
        return RunHealth(health=kept.health, text=kept.health_text, by=kept.health_by, at=kept.health_at, due=due)
    if run.health is Health.UNSET and kept.health_at:
        theirs = theirs.model_copy(update={"health": kept.health})
    return theirs.model_copy(update={"due": due})


def is_kept(known: TrackedRun) -> bool:
    """Whether the health shown is Liaison's own note and not the platform's."""
    kept = known.overlay
    return kept.health is not Health.UNSET and (
        known.run.health is Health.UNSET or run_health(known).at == kept.health_at != known.run.health_at
    )


def health_line(known: TrackedRun, zone: tzinfo | None, longest: int = _LONGEST_HEALTH) -> Text:
    """ "AMBER  replica lagging behind 40 s   Ana 14:03, next update 14:20"; empty when nothing was said."""
    health = run_health(known)
    by_when = join_parts([health.by, (clock(health.at, zone),) if health.at else ()], " ")
    due = (
        translate("run.next_update", at=clock(health.due, zone))
        if health.due and not known.run.state.is_over
        else ()
    )
    said = join_parts([by_when, due, translate("run.kept") if is_kept(known) else ()])
    text = health.text if len(health.text) <= longest else shorten(health.text, longest)
    rest = join_parts([text, said], Separator(", "))
    if health.health is Health.UNSET:
        return rest
    word: Span = Bold(health_name(health.health))
    return (word, "  ", *rest) if rest else (word,)


def counted(tasks: Sequence[Task]) -> Text:
    """ "1 of 4 done, 1 running"."""
    if not tasks:
        return translate("run.no_tasks")
    states = Counter(task.state for task in tasks)
    parts = [translate("run.counts", done=states[TaskState.DONE], total=len(tasks))]
    parts += [translate(TASK_WORDS[state], count=states[state]) for state in _COUNTED if states[state]]
    return join_parts(parts)


def likely_steps(known: TrackedRun, tasks: Sequence[Task], can: Mapping[Op, Capability]) -> list[Button]:
    """Two at most: finish what runs, begin what can; one of each if there are both."""
    running = _first(known, tasks, TaskState.RUNNING) if supports(can, Op.FINISH) else []
    ready = _first(known, tasks, TaskState.READY) if supports(can, Op.BEGIN) else []
    if running and ready:
        running, ready = running[:1], ready[:1]
    elif running:
        ready = []
    finish = [finish_button(known, task) for task in running]
    return [*finish, *(begin_button(known, task) for task in ready)]


def _first(known: TrackedRun, tasks: Sequence[Task], state: TaskState) -> list[Task]:
    """The first two tasks in this state that a button may move."""
    found = (one for one in tasks if one.state is state and one.is_ours and known.task_handle(one.id))
    return list(islice(found, 2))


def _buttons(known: TrackedRun, tasks: Sequence[Task], can: Mapping[Op, Capability]) -> tuple[Button, ...]:
    steps = likely_steps(known, tasks, can)
    if known.run.state is RunState.PLANNED:
        steps = [start_button(known)] if supports(can, Op.START) else []
    elif tasks and all(task.state.is_over for task in tasks) and supports(can, Op.END):
        steps = [button("button.end", End(run=known.handle), run=known.handle)]
    if supports(can, Op.STATUS):
        steps.append(button("button.update", OpenForm(run=known.handle, about="status")))
    return (*steps, button("button.more", OpenForm(run=known.handle, about="more")), *_own(known, can))


def _own(known: TrackedRun, can: Mapping[Op, Capability]) -> list[Button]:
    """One at most, since a chat has room for five: the platform's own button, or a list of them. Asked first."""
    names = known.run.own_buttons
    if not names or not supports(can, Op.ACTION):
        return []
    if len(names) > 1:
        return [button("button.offers", DoAction(run=known.handle), count=len(names))]
    return [Button(shorten(names[0], 30), DoAction(run=known.handle, offer=names[0]))]


def _unstarted(known: TrackedRun) -> Card:
    if not known.run.state.is_over:
        return short_card(translate("start.starting", run=run_name(known)))
    why = known.overlay.not_started
    again = [button("button.again", Retry(run="", key=known.overlay.retry_key))] if known.overlay.retry_key else []
    return short_card(
        translate("start.not_started", run=run_name(known)),
        lines=[(why,)] if why else [],
        buttons=again,
        tone="bad",
    )


def _aside(known: TrackedRun) -> Text:
    run = known.run
    where = translate("run.on", platform=run.key.platform)
    return join_parts([run.runbook, where, translate("run.rehearsal") if run.rehearsal else ()])


def _health_word(health: RunHealth) -> str:
    return "" if health.health is Health.UNSET else health_name(health.health).lower()


def _lines(known: TrackedRun, health: RunHealth, counts: Text, zone: tzinfo | None) -> tuple[Text, ...]:
    read = translate("run.read", at=clock(known.run.read_at, zone)) if known.run.read_at else ()
    lines = [health_line(known, zone), join_parts([counts, read], Separator("   "))]
    return tuple(line for line in lines if line)


def _notes(run: Run, words: Mapping[str, str], zone: tzinfo | None) -> list[Text]:
    """What its platform's adapter has to add. A kept note may be of words that are not there any more."""
    return [
        translate(note.key, words, **note.facts, **{name: clock(at, zone) for name, at in note.times.items()})
        for note in run.notes
        if note.key in words
    ]


def _sections(known: TrackedRun, tasks: Sequence[Task], now: datetime, zone: tzinfo | None) -> tuple[Section, ...]:
    groups = _by_stage(known.run.stages, tasks)
    if len(tasks) <= _ALL_DRAWN:
        return tuple(
            Section(title, tuple(row(known, task, now, zone) for task in group)) for title, group in groups
        )
    drawn = _worth_a_row(tasks, now)
    return tuple(_folded(known, title, group, drawn, now, zone) for title, group in groups)


def _by_stage(stages: Sequence[Stage], tasks: Sequence[Task]) -> list[tuple[str, list[Task]]]:
    """(title, tasks) in the platform's order; tasks of no stage first, under no title."""
    groups: dict[str, list[Task]] = {"": [], **{stage.id: [] for stage in stages}}
    titles = {stage.id: stage.title for stage in stages}
    for task in tasks:
        groups[task.stage if task.stage in titles and task.stage else ""].append(task)
    return [(titles.get(id, ""), group) for id, group in groups.items() if group]


def _worth_a_row(tasks: Sequence[Task], now: datetime) -> set[str]:
    """Task ids: late and urgent ones first, then running, then ready, ten at most."""
    ranks = {TaskState.RUNNING: 1, TaskState.READY: 2}
    ranked = [(0 if _presses(task, now) else ranks.get(task.state, 9), task.id) for task in tasks]
    worth = sorted((pair for pair in ranked if pair[0] < 9), key=lambda pair: pair[0])
    return {id for _, id in worth[:_MOST_ROWS]}


def _presses(task: Task, now: datetime) -> bool:
    return is_late(task, now) or (task.urgent and not task.state.is_over)


def _folded(
    known: TrackedRun, title: str, group: Sequence[Task], drawn: set[str], now: datetime, zone: tzinfo | None
) -> Section:
    rows: tuple[Row, ...] = tuple(row(known, task, now, zone) for task in group if task.id in drawn)
    rest = Counter(task.state for task in group if task.id not in drawn)
    more = join_parts([translate(TASK_WORDS[state], count=rest[state]) for state in TaskState if rest[state]])
    return Section(title, rows, more)
