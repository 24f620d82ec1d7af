"""Small pieces of text and buttons that several cards share."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo

from adapters.models import Health, Run, Task, TaskState
from adapters.toolkit.messages import current_language
from commands.model.card import Button, Card, ClockTime, Link, Menu, Row, Span, Text, Tone
from commands.model.intents import Choose, Intent, OpenForm, Show, Start
from commands.model.run_head import RunHead
from commands.model.tracked_run import TrackedRun
from commands.text.catalogue import LazyText, lazy, plain_text, translate

LABEL_LENGTH = 30  # characters of a button that chats draw
_QUOTE = 120
_NAME = 100  # of a run or task within a sentence
MOST_CHOICES = 5
_CHATS = ("Slack", "Mattermost", "Console")


def shorten(text: str, longest: int) -> str:
    """One line of at most ``longest`` characters, with an ellipsis for what is cut."""
    line = " ".join(text.split())
    return line if len(line) <= longest else line[: longest - 1].rstrip() + "…"


def first_line(text: str) -> str:
    """What an answer quotes of a stored text."""
    lines = [line for line in text.strip().splitlines() if line.strip()]
    return shorten(lines[0], _QUOTE) if lines else ""


def label(key: str, **facts: object) -> str:
    text = plain_text(translate(key, None, **facts)) if facts else fixed_text(key)
    return shorten(text, LABEL_LENGTH)


def fixed_text(key: str) -> str:
    """A message without facts, as one line."""
    return _fixed_text(key, current_language())


@lru_cache(maxsize=4096)  # titles and labels of every card
def _fixed_text(key: str, language: str) -> str:
    return plain_text(translate(key))


def button(key: str, intent: Intent, **facts: object) -> Button:
    return Button(label(key, **facts), intent)


_FORM_LABELS = {"status": "button.update", "start": "button.start"}


def form_button(form: OpenForm) -> Button:
    return button(_FORM_LABELS.get(form.about, f"button.form_{form.about}"), form)


def rest_menu(key: str, options: Sequence[Button]) -> Menu | None:
    """What has no room as a button; None if everything has."""
    return Menu(plain_text(translate(key)), tuple(options)) if options else None


def show_button(tracked: TrackedRun, *, named: bool = False) -> Button:
    """``named``: with the run's title, as far as there is room."""
    handle = tracked.handle
    shown = run_name(tracked) if named else handle
    return button("button.show", Show(run=handle, what=handle, kind="run"), what=shown)


def start_button(tracked: TrackedRun) -> Button:
    """For a planned run, which is still a runbook: its start asks what every start asks."""
    return button("button.start_this", Start(runbook=str(tracked.run.key)))


def name_of_signer(by: str) -> str:
    """ "Ana" for "Ana via Slack", as Liaison signs what it writes to a platform."""
    name, _, chat = by.rpartition(" via ")
    return name if name and chat in _CHATS else by


def by_and_at(by: str, at: datetime | None, zone: tzinfo | None, now: datetime) -> LazyText | str:
    by = name_of_signer(by)
    if by and at:
        return lazy("deed.by_at", who=by, at=clock(at, zone, now))
    if by:
        return lazy("deed.by", who=by)
    return lazy("deed.at", at=clock(at, zone, now)) if at else ""


def open_link(platform: str, url: str | None) -> Link | None:
    """To a page on the platform, if there is one."""
    return Link(plain_text(translate("button.open", platform=platform)), url) if url else None


def in_zone(at: datetime, zone: str) -> datetime:
    """``at`` in the named zone; in UTC if the zone is unknown or the result would leave the calendar."""
    try:
        return at.astimezone(ZoneInfo(zone))
    except (KeyError, ValueError, OSError, OverflowError):
        return at.astimezone(UTC)


def zone_name(zone: tzinfo | None) -> str:
    return "UTC" if zone is None else str(getattr(zone, "key", None) or zone)


def clock(at: datetime, zone: tzinfo | None, now: datetime) -> ClockTime:
    """With its date if that isn't the date of ``now``."""
    name = zone_name(zone)
    return ClockTime(at, name, in_zone(at, name).date() != in_zone(now, name).date())


def time_span(span: timedelta) -> str:
    """ "2 h 10 min"."""
    if span < timedelta(minutes=1):
        return plain_text(translate("ended.moment"))
    minutes = int(span.total_seconds() // 60)
    days, hours = divmod(minutes // 60, 24)
    if days:
        return plain_text(translate("ended.days", days=days, hours=hours))
    key = "ended.hours" if hours else "ended.minutes"
    return plain_text(translate(key, hours=hours, minutes=minutes % 60))


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


def bare_title(run: Run | RunHead, handle: str) -> str:
    """The run's title without the handle that Liaison puts in front of it on the platform ("R9 Primary")."""
    rest = run.title.removeprefix(handle)
    bare = rest.lstrip()
    return bare if bare and rest not in (run.title, bare) else run.title


def run_name(tracked: TrackedRun) -> str:
    """ "R7 Primary down in EU"."""
    return shorten(f"{tracked.handle} {bare_title(tracked.run, tracked.handle)}", _NAME)


def task_name(tracked: TrackedRun, task: Task) -> str:
    """ "T1 Confirm the primary is down", cut for use within a sentence."""
    return shorten(f"{tracked.task_handle(task.id)} {task.title}", _NAME)


def task_state_name(state: TaskState) -> str:
    return fixed_text(f"state.{state}")


def state_and_note(row: Row) -> Text:
    """ "running · Ana since 14:02". A note like "Ana, waiting for T3" says the state already."""
    state = task_state_name(row.state) if row.state else ""
    said = bool(state) and f", {state} " in f", {plain_text(row.note)}"
    return join_parts(["" if said else state, row.note], " · ")


def task_state_width() -> int:
    """Of the longest state name in the current language, for columns."""
    return max(len(task_state_name(state)) for state in TaskState)


def health_name(health: Health) -> str:
    return plain_text(translate(f"health.{health}"))


def short_card(
    title: Text, *, lines: Sequence[Text] = (), buttons: Sequence[Button] = (), tone: Tone = ""
) -> Card:
    """A card of one sentence, perhaps with lines below: a receipt, an error or a question."""
    return Card(title=title, summary=plain_text(title), lines=tuple(lines), buttons=tuple(buttons), tone=tone)


ChoiceValues = dict[str, str | bool | tuple[str, ...] | dict[str, str]]  # what ``Choose`` fills in


def choice(key: str, pick: ChoiceValues, text: str, *, of: str = "") -> Button:
    """Completes the command that the message ``key`` typed."""
    return Button(shorten(text, LABEL_LENGTH), Choose(key=key, values=pick, task=of))
