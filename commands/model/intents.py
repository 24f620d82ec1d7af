"""What people want, typed. One class a verb; a button carries exactly one of these.

References (``run``, ``tasks``, ``task``, ``runbook``, ``person``, ``stage``) are as typed: "T3", "R7.T3", "R7",
a title, a link, "@ben", "me". ``commands.resolve`` turns them into things. ``--`` options keep their typed words.
"""

from datetime import datetime
from typing import Literal

from adapters.models import Model


class Intent(Model):
    """``options`` are ``Write.options`` to add: only the buttons of a question fill them."""

    verb: str
    run: str = ""  # empty: the run of the place
    options: dict[str, str] = {}


class Start(Intent):
    verb: Literal["start"] = "start"
    runbook: str = ""
    name: str = ""
    platform: str = ""
    owner: str = ""
    values: dict[str, str] = {}  # --set
    rehearsal: bool = False
    confirmed: bool = False
    link: str = ""  # the chat message it was started from


class TaskIntent(Intent):
    tasks: tuple[str, ...] = ()  # handles, expanded ranges, or one title; empty: ask which


class Finish(TaskIntent):
    verb: Literal["finish"] = "finish"
    note: str = ""
    then: str = ""


class Begin(TaskIntent):
    verb: Literal["begin"] = "begin"


class Skip(TaskIntent):
    verb: Literal["skip"] = "skip"
    reason: str = ""


class Hold(TaskIntent):
    verb: Literal["hold"] = "hold"
    reason: str = ""


class Reopen(TaskIntent):
    verb: Literal["reopen"] = "reopen"


class Assign(TaskIntent):
    verb: Literal["assign"] = "assign"
    person: str = ""


class Approve(TaskIntent):
    verb: Literal["approve"] = "approve"
    note: str = ""


class Reject(TaskIntent):
    verb: Literal["reject"] = "reject"
    reason: str = ""


class Add(Intent):
    verb: Literal["add"] = "add"
    title: str = ""
    stage: str = ""
    person: str = ""
    after: str = ""  # tasks, as typed: "T2, T3"
    before: str = ""


class Status(Intent):
    """No ``text`` and no ``health``: shows the status instead. ``next``: WHEN as typed."""

    verb: Literal["status"] = "status"
    health: str = ""  # green, amber, red
    text: str = ""
    next: str = ""


class Comment(Intent):
    verb: Literal["comment"] = "comment"
    text: str = ""
    task: str = ""


class End(Intent):
    verb: Literal["end"] = "end"
    text: str = ""
    confirmed: bool = False


class DoAction(Intent):
    """``offer``: its name as typed, or the id that a button carries; empty: what is there to do.

    ``label``, ``task`` (its id) and ``confirmed`` come from the button that was asked first.
    """

    verb: Literal["do"] = "do"
    offer: str = ""
    label: str = ""
    task: str = ""
    confirmed: bool = False


class Show(Intent):
    """``what``: a run, task, runbook or link; empty: this place's run. ``kind`` narrows it when known."""

    verb: Literal["show"] = "show"
    what: str = ""
    kind: Literal["", "run", "task", "runbook"] = ""


class Next(Intent):
    verb: Literal["next"] = "next"


class Mine(Intent):
    verb: Literal["mine"] = "mine"


class Runs(Intent):
    verb: Literal["runs"] = "runs"
    words: str = ""


class Runbooks(Intent):
    verb: Literal["runbooks"] = "runbooks"
    words: str = ""
    platform: str = ""


class Help(Intent):
    verb: Literal["help"] = "help"
    words: str = ""


class Whoami(Intent):
    verb: Literal["whoami"] = "whoami"


class Use(Intent):
    verb: Literal["use"] = "use"


class Home(Intent):
    """A bare ``/run``: this place's run, my tasks, what I can do."""

    verb: Literal["home"] = "home"


# What only buttons say.


class Choose(Intent):
    """Completes the command that was typed in the message ``key``: ``pick`` fills its intent's fields.

    A choice is completed once and lives 24 h. ``of``: the task that is asked about, where one line named several
    and each is a choice of its own.
    """

    verb: Literal["choose"] = "choose"
    key: str
    of: str = ""
    pick: dict[str, str | bool | tuple[str, ...] | dict[str, str]] = {}


class Stop(Intent):
    """Give up waiting for the platform on behalf of the message ``key`` (only while nothing was sent)."""

    verb: Literal["stop"] = "stop"
    key: str


class Retry(Intent):
    """[Try again]: carry the intent of the message ``key`` out anew, as a new message."""

    verb: Literal["again"] = "again"
    key: str


class Drop(Intent):
    verb: Literal["drop"] = "drop"
    key: str


class DecideOutcome(Intent):
    """A person's word on an unknown outcome: effect ``step`` of message ``key`` is there, or write it again."""

    verb: Literal["decide"] = "decide"
    key: str
    step: str
    there: bool


class PromiseUpdate(Intent):
    """[+15m] and [No more] under the reminder of a promised update. ``next``: "15m" or "off"."""

    verb: Literal["promise"] = "promise"
    next: str


class UpdateDue(Intent):
    """Said by the engine, never by a button: a promised update is due. ``at``: the promise it was made for."""

    verb: Literal["due"] = "due"
    at: datetime


class OpenForm(Intent):
    """Never recorded: asks the surface to open a form. ``about``: the form's name; ``fill``: field values."""

    verb: Literal["form"] = "form"
    about: Literal["status", "comment", "more", "start", "add", "retry"]
    fill: dict[str, str] = {}


class MoveCard(Intent):
    """[Show the card here]: moves this place's live card down to the end of the channel or thread."""

    verb: Literal["move"] = "move"
