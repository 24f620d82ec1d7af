"""The run's card: the run as last read, and the likely next steps."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, tzinfo
from typing import Literal

from adapters.change_sources import is_read_in_turn
from adapters.models import Health, Run, RunHealth, RunState, Task
from adapters.protocol import Capability, supports
from adapters.toolkit.messages import in_language
from adapters.writes import Op
from commands.cards.health_line import TONES, health_title, status_line
from commands.cards.progress import progress_line, task_counts
from commands.cards.run_menu import all_tasks_button, more_menu
from commands.cards.run_tasks import RunTasks
from commands.cards.task_row import shown_tasks
from commands.model.card import Button, Card, Text
from commands.model.intents import End, OpenForm, Retry
from commands.model.ports import Services
from commands.model.run_head import run_health
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
    show_button,
    start_button,
    time_span,
)

_AGE_STEP = 300  # seconds
_BETWEEN = " · "
_MOST_UNDONE = 5


def channel_card(tracked: TrackedRun, services: Services, now: datetime, queued: int = 0) -> Card:
    """The run's live card, in the channel's language. ``queued``: accepted changes that were not sent yet."""
    with in_language(services.language):
        return live_card(tracked, services, now, queued)


def live_card(tracked: TrackedRun, services: Services, now: datetime, queued: int = 0) -> Card:
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
        forms=services.commands.with_form,
        queued=queued,
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
    forms: Collection[str] = (),
    queued: int = 0,
) -> Card:
    """Also of a run that is being started, and of one that did not start (with the reason).

    ``messages``: the catalogue of its platform, for its notes. ``shows_age``: it may be some minutes old, and says
    "as of 14:02". It is edited for that alone too, but only every five minutes. ``forms``: verbs that have a form.
    """
    if not tracked.started:
        return _card_before_start(tracked, now, zone)
    run = tracked.run
    tasks = shown_tasks(tracked)
    notes = _notes(run, messages or {}, zone, now)
    if run.state.is_over:
        return _card_after_end(tracked, tasks, notes, now, zone)
    health = run_health(tracked)
    drawn = RunTasks(tracked, tasks, can or {}, now, zone)
    state: Text = () if run.state is RunState.ACTIVE else translate(f"run.{run.state}")
    name = run_name(tracked)
    if is_paused := run.state is RunState.PAUSED:
        name = plain_text(translate("run.title_paused", run=name))
    rehearsal = translate("run.rehearsal") if run.rehearsal else ()
    progress = join_parts([rehearsal, () if is_paused else state, progress_line(tasks)], _BETWEEN)
    return Card(
        title=health_title(health.health, name),
        summary=_summary(tracked, state, health, tasks),
        lines=tuple(line for line in (status_line(tracked, zone, now), progress, *notes) if line),
        sections=drawn.sections() if run.state is not RunState.PLANNED else (),
        buttons=_buttons(tracked, tasks, can or {}),
        menu=more_menu(tracked, can or {}, forms),
        tone=TONES[health.health],
        link=open_link(run.key.platform, run.link),
        footer=_footer(tracked, now, zone, shows_age=shows_age, queued=queued),
        edition=str(int(run.read_at.timestamp() // _AGE_STEP)) if shows_age and run.read_at else "",
    )


def _summary(tracked: TrackedRun, state: Text, health: RunHealth, tasks: Sequence[Task]) -> str:
    word = "" if health.health is Health.UNSET else health_name(health.health)
    facts = join_parts([plain_text(state), word, plain_text(task_counts(tasks))])
    return plain_text(join_parts([run_name(tracked) + ":", facts], " "))


def _footer(
    tracked: TrackedRun, now: datetime, zone: tzinfo | None, *, shows_age: bool = False, queued: int = 0
) -> Text:
    run = tracked.run
    key = "run.as_of" if shows_age else "run.read"
    age = translate(key, at=clock(run.read_at, zone, now)) if run.read_at else ()
    source = translate("run.source", source=shorten(run.source, 60)) if run.source else ()
    waiting = translate(plural("run.queued", queued), count=queued) if queued else ()
    runbook = "" if run.runbook and run.runbook in run_name(tracked) else shorten(run.runbook, 60)
    return join_parts([runbook, run.key.platform, source, age, waiting], _BETWEEN)


def likely_steps(
    tracked: TrackedRun, tasks: Sequence[Task], can: Mapping[Op, Capability], now: datetime
) -> list[Button]:
    return RunTasks(tracked, tasks, can, now, None).likely_steps()


def _buttons(tracked: TrackedRun, tasks: Sequence[Task], can: Mapping[Op, Capability]) -> tuple[Button, ...]:
    """Those of the whole run; the tasks' own are beside them."""
    buttons: list[Button] = []
    if tracked.run.state is RunState.PLANNED:
        buttons += [replace(start_button(tracked), style="primary")] if supports(can, Op.START) else []
    elif tasks and all(task.state.is_over for task in tasks) and supports(can, Op.END):
        end = button("button.end", End(run=tracked.handle), run=tracked.handle)
        buttons.append(replace(end, style="primary"))
    for op, key in ((Op.STATUS, "button.update"), (Op.COMMENT, "button.comment")):
        if supports(can, op):
            about: Literal["status", "comment"] = "status" if op is Op.STATUS else "comment"
            buttons.append(button(key, OpenForm(run=tracked.handle, about=about)))
    return tuple(buttons)


def _card_before_start(tracked: TrackedRun, now: datetime, zone: tzinfo | None) -> Card:
    if not tracked.run.state.is_over and tracked.overlay.unconfirmed:
        at = clock(tracked.overlay.unconfirmed, zone, now)
        return short_card(
            translate("start.title_unconfirmed", run=run_name(tracked)),
            lines=[translate("start.what_to_do", platform=tracked.run.key.platform, at=at)],
            buttons=[show_button(tracked)],
            tone="warn",
        )
    if not tracked.run.state.is_over:
        return short_card(translate("start.starting", run=run_name(tracked)), buttons=[show_button(tracked)])
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


def _card_after_end(
    tracked: TrackedRun, tasks: Sequence[Task], notes: Sequence[Text], now: datetime, zone: tzinfo | None
) -> Card:
    """What came of it. Its last health no longer matters."""
    run, ended = tracked.run, tracked.overlay.ended
    lasted = _duration(tracked, tasks)
    outcome = translate(f"ended.{run.state}")  # the title says it too, so it needs the duration
    after = join_parts([outcome, translate("ended.after", time=lasted)], " ") if lasted else ()
    by = join_parts([ended.by.display_name, (clock(ended.at, zone, now),)], " ") if ended else ()
    lines: list[Text] = [
        join_parts([after, by], _BETWEEN),
        translate("receipt.quote", text=shorten(ended.text, 300)) if ended and ended.text.strip() else (),
        task_counts(tasks, _BETWEEN) if tasks else (),
        _left_open(tracked, tasks),
        *notes,
    ]
    return Card(
        title=translate(f"ended.title_{run.state}", run=run_name(tracked)),
        summary=_summary(tracked, translate(f"run.{run.state}"), RunHealth(), tasks),
        lines=tuple(line for line in lines if line),
        buttons=(all_tasks_button(tracked),) if tasks else (),
        link=open_link(run.key.platform, run.link),
        footer=_footer(tracked, now, zone),
    )


def _left_open(tracked: TrackedRun, tasks: Sequence[Task]) -> Text:
    left = [
        f"{tracked.task_handle(task.id)} {shorten(task.title, 60)}" for task in tasks if not task.state.is_over
    ]
    if not left:
        return ()
    more = len(left) - _MOST_UNDONE
    rest: Text = translate("run.and_more", count=more) if more > 0 else ()
    return translate("ended.left_open", tasks=join_parts([*left[:_MOST_UNDONE], rest], _BETWEEN))


def _duration(tracked: TrackedRun, tasks: Sequence[Task]) -> str:
    """From the first sign of work to the end, where both are known."""
    ended = tracked.overlay.ended
    times = [at for task in tasks for at in (task.started_at, task.finished_at) if at]
    last = ended.at if ended else max(times, default=None)
    first = min(filter(None, [tracked.overlay.started_at, *times]), default=None)
    if first is None or last is None:
        return ""
    return time_span(last - first)


def _notes(run: Run, messages: Mapping[str, str], zone: tzinfo | None, now: datetime) -> list[Text]:
    """What its platform's adapter adds. A stored note may have a key that no longer exists."""
    return [
        translate(
            note.key, messages, **note.facts, **{name: clock(at, zone, now) for name, at in note.times.items()}
        )
        for note in run.notes
        if note.key in messages
    ]
