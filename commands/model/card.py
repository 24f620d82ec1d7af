"""What is shown, before a chat draws it.

All strings are plain and unescaped. A surface escapes each of them for its chat, and turns ``ClockTime`` into
the reader's time, ``PersonName`` into a name (never a live mention, unless ``ping``), ``Code`` into a code span or
block. Nothing from outside is ever markup: what a platform's own text has of it was read into a ``RichText``.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from adapters.models import HomeChannel, TaskState
from commands.model.intents import Intent
from commands.model.rich_text import Bold as Bold
from commands.model.rich_text import Code as Code
from commands.model.rich_text import Link as Link
from commands.model.rich_text import RichText as RichText


@dataclass(frozen=True, slots=True)
class ClockTime:
    """A point in time, drawn as a clock time in the reader's zone (or with the zone's name)."""

    at: datetime
    zone: str = "UTC"  # used where the chat cannot know the reader's
    dated: bool = False  # with its date, because it isn't today


@dataclass(frozen=True, slots=True)
class PersonName:
    """A person. ``id`` is the chat's user id when known; ``ping`` makes it a real mention."""

    name: str
    id: str = ""
    ping: bool = False


class Separator(str):
    """Separates the two halves of a line: ", " or spaces. A chat with columns may use columns instead."""


Span = str | ClockTime | PersonName | Link | Code | Bold | RichText
Text = tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class Button:
    """Chats draw at most 30 characters of ``label``."""

    label: str
    intent: Intent
    style: Literal["", "primary", "danger"] = ""


@dataclass(frozen=True, slots=True)
class Menu:
    """A select. Choosing an option does what a button with its intent does.

    ``search`` names what a chat can load as somebody types, for the run ``run``; other chats offer ``options``.
    """

    label: str
    options: tuple[Button, ...]
    search: Literal["", "begin", "finish"] = ""
    run: str = ""


@dataclass(frozen=True, slots=True)
class PeoplePicker:
    """The chat's own list of people. Choosing one does what a button with ``intent`` does, once the id of the
    person is its ``field``. A chat without such a list leaves it out."""

    label: str
    intent: Intent
    field: str


@dataclass(frozen=True, slots=True)
class Row:
    """A task in a card: ``running  T2 Page the DBA   Ana since 14:02``, with its button beside it."""

    state: TaskState | None
    handle: str
    title: str
    note: Text = ()
    button: Button | None = None


@dataclass(frozen=True, slots=True)
class Section:
    """A title, rows, and a line below them ("4 done, 3 waiting"). Without rows, the line stands beside the title.

    ``menu`` is for what has no row or button.
    """

    title: str
    rows: tuple[Row, ...] = ()
    more: Text = ()
    menu: Menu | None = None


Tone = Literal["", "good", "warn", "bad"]


@dataclass(frozen=True, slots=True)
class Card:
    """``summary`` is the card in one sentence, for notifications, screen readers and logs.

    ``link`` is where the title leads. ``tone`` colours the card where a chat can; a word on it always says the
    same. At most four ``buttons``, five for a choice; ``menu`` has what they have no room for.
    ``shown_elsewhere``: what a private card says is on the live card and in an activity line too, so a chat that
    could only post it publicly may leave it out. ``confidential``: only this person may read it, so a chat never
    posts it publicly; with ``members_only``, not where guests are. ``edition`` is never shown: a live card is
    edited when it changes, like what is shown.
    """

    title: Text
    summary: str
    subtitle: Text = ()
    lines: tuple[Text, ...] = ()
    sections: tuple[Section, ...] = ()
    buttons: tuple[Button, ...] = ()
    tone: Tone = ""
    link: Link | None = None
    shown_elsewhere: bool = field(default=False, compare=False)
    confidential: bool = field(default=False, compare=False)
    members_only: bool = field(default=False, compare=False)
    edition: str = field(default="", compare=False)
    menu: Menu | None = None
    picker: PeoplePicker | None = None
    footer: Text = ()

    @property
    def row_buttons(self) -> tuple[Button, ...]:
        return tuple(row.button for section in self.sections for row in section.rows if row.button)

    @property
    def all_buttons(self) -> tuple[Button, ...]:
        """Those beside rows first, as a chat without rows shows them."""
        return (*self.row_buttons, *self.buttons)

    @property
    def has_controls(self) -> bool:
        return bool(self.all_buttons or self.menu or self.picker or any(section.menu for section in self.sections))


def text(*spans: Span) -> Text:
    return tuple(spans)


@dataclass(frozen=True, slots=True)
class Option:
    value: str
    label: str


FieldKind = Literal["line", "lines", "choice", "radio", "check", "search", "when", "person", "people", "channel"]


@dataclass(frozen=True, slots=True)
class Field:
    """A ``choice`` is a select, and a ``radio`` shows all of its options (ten at most). A ``check`` is a box:
    ticked, its value is that of its only option. ``search`` fields have many options and are searched by typing.
    ``when`` takes a time ("30m", "14:20"). ``person``, ``people`` and ``channel`` are the chat's own pickers, of
    ids; a chat that can only pick one person does so for ``people``.

    ``shown`` is what the prefilled value of a picker is called, where the chat cannot show it by its id.
    ``refreshes``: once a value is chosen, the form is opened again with what it asks for then. ``pattern``: a
    regular expression that all of the value must match.
    """

    name: str  # [a-z]+; "set.NAME" for a value that a runbook asks for
    label: str  # at most 24 characters
    kind: FieldKind = "line"
    options: tuple[Option, ...] = ()
    value: str = ""
    hint: str = ""  # at most 150 characters
    optional: bool = False
    longest: int = 3000
    shown: str = ""
    refreshes: bool = False
    pattern: str = ""


@dataclass(frozen=True, slots=True)
class Form:
    """``about`` and ``run`` come back with the submission, and identify the form."""

    about: str
    run: str
    title: str  # at most 24 characters
    submit: str  # at most 24 characters
    fields: tuple[Field, ...] = ()
    intro: tuple[Text, ...] = ()  # lines above the fields


@dataclass(frozen=True, slots=True)
class ActivityLine:
    """A line for one write in the thread of the run's card. A line with the same ``slot`` is edited, not repeated.

    ``corrects``: only shown where the slot already has a line ("Retrying until …") that is no longer true.
    ``can_wait``: while many lines are posted, it may be posted some seconds later together with others.
    ``name`` is the write in a word or two ("T3 note"), for its buttons where another line has the same ones.
    """

    run: str  # handle
    slot: str
    text: Text
    buttons: tuple[Button, ...] = ()
    corrects: bool = False
    can_wait: bool = False
    name: str = ""


Result = Literal["done", "failed", "question"]


@dataclass(frozen=True)
class Answer:
    """Everything that one message leads to. All parts are optional.

    ``private`` is for the person alone. ``channel_title`` is its title in the channel's language, if that differs.
    ``activity`` goes to the thread of the run's card, ``public`` to the place of the message. With ``announces``,
    the handle of a run, ``public`` is its status update: it goes to the other places with a card of the run too,
    and not to the run's home channel, where its platform posts it. With ``thread_of``, the handle of a run, it
    goes to the thread of the run's card instead. The live cards of ``changed_runs`` (handles) are drawn again;
    the one of ``move_card`` moves down to the place. ``home_channels`` binds runs, by handle, to the chat channels
    that their platforms created for them.
    """

    private: Card | None = None
    channel_title: Text = ()
    activity: Sequence[ActivityLine] = ()
    public: Card | None = None
    announces: str = ""
    thread_of: str = ""
    changed_runs: Sequence[str] = ()
    move_card: str = ""
    result: Result = "done"
    home_channels: dict[str, HomeChannel] = field(default_factory=dict)
