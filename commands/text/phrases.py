"""Small pieces of text that several cards share."""

import re
from collections.abc import Sequence
from datetime import datetime, tzinfo

from adapters.models import Health, Run, Runbook, Task, TaskState
from commands.model.card import Button, Card, ClockTime, Link, Span, Text, Tone
from commands.model.intents import Choose, Intent, Show, Start
from commands.model.tracked_run import TrackedRun
from commands.text.catalogue import plain_text, translate

_LABEL = 30  # what a button draws
_QUOTE = 120
_NAME = 100  # of a run or task within a sentence
MOST_CHOICES = 5
_STATE_KEYS = {
    TaskState.WAITING: "state.waiting",
    TaskState.READY: "state.ready",
    TaskState.RUNNING: "state.running",
    TaskState.HELD: "state.held",
    TaskState.DONE: "state.done",
    TaskState.SKIPPED: "state.skipped",
    TaskState.FAILED: "state.failed",
}
_HEALTH_KEYS = {
    Health.GREEN: "health.green",
    Health.AMBER: "health.amber",
    Health.RED: "health.red",
    Health.UNSET: "health.unset",
}


def shorten(words: str, longest: int) -> str:
    """One line of at most ``longest`` characters, an ellipsis for what is cut."""
    line = " ".join(words.split())
    return line if len(line) <= longest else line[: longest - 1].rstrip() + "…"


def first_line(words: str) -> str:
    """What an answer quotes of a stored text."""
    lines = [line for line in words.strip().splitlines() if line.strip()]
    return shorten(lines[0], _QUOTE) if lines else ""


def task_state_name(state: TaskState) -> str:
    return plain_text(translate(_STATE_KEYS[state]))


def health_name(health: Health) -> str:
    """ "AMBER", as cards show it; sentences use it in lower case."""
    return plain_text(translate(_HEALTH_KEYS[health]))


def task_state_width() -> int:
    """Of the longest state name in the current language, for columns."""
    return max(len(task_state_name(state)) for state in TaskState)


def label(key: str, **facts: object) -> str:
    return shorten(plain_text(translate(key, **facts)), _LABEL)


def button(key: str, intent: Intent, **facts: object) -> Button:
    return Button(label(key, **facts), intent)


def show_button(known: TrackedRun) -> Button:
    return button("button.show", Show(run=known.handle, what=known.handle, kind="run"), what=known.handle)


def start_button(known: TrackedRun) -> Button:
    """Of a run that is only planned: it is a runbook still, and its start asks what a start asks."""
    return button("button.start_this", Start(runbook=str(known.run.key)))


def open_link(platform: str, url: str | None) -> Link | None:
    """To a page on the platform, where there is one."""
    return Link(plain_text(translate("button.open", platform=platform)), url) if url else None


def disambiguated_label(runbook: Runbook, among: Sequence[Runbook]) -> str:
    """ "Database failover (local)" where another platform has one of the same title, else empty. Never cut
    where the two differ."""
    if sum(other.title == runbook.title for other in among) < 2:
        return ""
    platform = f" ({shorten(runbook.key.platform, _LABEL // 2)})"
    return shorten(runbook.title, _LABEL - len(platform)) + platform


def zone_name(zone: tzinfo | None) -> str:
    return "UTC" if zone is None else str(getattr(zone, "key", None) or zone)


def clock(at: datetime, zone: tzinfo | None) -> ClockTime:
    return ClockTime(at, zone_name(zone))


def join_parts(parts: Sequence[Text | str], between: str = ", ") -> Text:
    """The parts that are not empty, with ``between`` between them."""
    spans: list[Span] = []
    for part in parts:
        if not part:
            continue
        if spans:
            spans.append(between)
        spans += (part,) if isinstance(part, str) else part
    return tuple(spans)


def bare_title(run: Run, handle: str) -> str:
    """The run's name without the handle that we put in front of it on the platform ("R9 Primary")."""
    return re.sub(rf"^{re.escape(handle)}\s+", "", run.title) or run.title


def run_name(known: TrackedRun) -> str:
    """ "R7 Primary down in EU"."""
    return shorten(f"{known.handle} {bare_title(known.run, known.handle)}", _NAME)


def task_name(known: TrackedRun, task: Task) -> str:
    """ "T1 Confirm the primary is down", as sentences name it; cards show the whole title."""
    return shorten(f"{known.task_handle(task.id)} {task.title}", _NAME)


def short_card(
    words: Text, *, lines: Sequence[Text] = (), buttons: Sequence[Button] = (), tone: Tone = ""
) -> Card:
    """A card that is one sentence, perhaps with some lines below: receipts, refusals, questions."""
    return Card(title=words, summary=plain_text(words), lines=tuple(lines), buttons=tuple(buttons), tone=tone)


ChoiceValues = dict[str, str | bool | tuple[str, ...] | dict[str, str]]  # what ``Choose`` fills in


def choice(key: str, pick: ChoiceValues, words: str, *, of: str = "") -> Button:
    """Completes the command that the message ``key`` typed."""
    return Button(shorten(words, _LABEL), Choose(key=key, pick=pick, of=of))
