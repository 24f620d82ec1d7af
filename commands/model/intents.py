"""Typed commands. There is one class per verb, and a button carries exactly one of them.

An intent that only its verb uses is defined in ``commands/verbs/<verb>.py``. The ones here are also used by cards,
lookups, dispatch, other verbs or a chat surface.

References (``run``, ``tasks``, ``task``, ``runbook``, ``owner``) are stored as typed: "T3", "R7.T3", "R7", a
title, a link, "@ben", "me". ``commands.lookup`` resolves them. An alias is the name of the field in stored JSON.
"""

from datetime import datetime
from typing import Any, Literal

from pydantic import Field

from adapters.models import Model


class Intent(Model):
    """``options`` are added to ``Write.options``. The buttons of a question fill them, and ``--set``."""

    verb: str
    run: str = ""  # empty: the run of the channel or thread
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
    without_values: bool = Field(False, exclude_if=lambda without: not without)
    """Its person chose to start it although values that the runbook asks for are missing."""
    link: str = ""  # permalink of the chat message it was started from
    channel: str = Field("", exclude_if=lambda channel: not channel)
    """The chat's id of the channel that the run belongs to, where a form asked for it."""


class TaskIntent(Intent):
    tasks: tuple[str, ...] = ()  # handles with ranges expanded, or one title; empty: ask which


class Finish(TaskIntent):
    verb: Literal["finish"] = "finish"
    note: str = ""
    then: str = ""


class Begin(TaskIntent):
    verb: Literal["begin"] = "begin"


class Assign(TaskIntent):
    """``holder``: who had the task when the button was drawn. ``take_over`` as in ``AssignTask``."""

    verb: Literal["assign"] = "assign"
    person: str = ""
    holder: str = Field("", exclude_if=lambda holder: not holder)
    take_over: bool = Field(False, exclude_if=lambda take_over: not take_over)
    confirmed: bool = Field(False, exclude_if=lambda confirmed: not confirmed)  # they may read the run from now on


class Reopen(TaskIntent):
    verb: Literal["reopen"] = "reopen"


class Approve(TaskIntent):
    verb: Literal["approve"] = "approve"
    note: str = ""


class Status(Intent):
    """Without ``text`` and ``health`` it shows the status. ``next`` is a due time as typed."""

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
    """``action`` is a name as typed, or the id that a button carries. When empty, the actions are listed.

    ``label``, ``task`` (an id) and ``confirmed`` are set by the button that confirms the action.
    """

    verb: Literal["do"] = "do"
    action: str = Field("", alias="offer")
    label: str = ""
    task: str = ""
    confirmed: bool = False


class Show(Intent):
    """``what`` is a run, task, runbook or link; empty: the run of the channel or thread."""

    verb: Literal["show", "comments"] = "show"
    what: str = ""
    kind: Literal["", "run", "task", "runbook"] = ""  # empty: any of them
    comments: bool = Field(False, exclude_if=lambda comments: not comments)
    """Those of the run or task, instead of its card."""
    all_tasks: bool = Field(False, exclude_if=lambda all_tasks: not all_tasks)
    """All of the run's, instead of its card. ``page`` counts from 0."""
    page: int = Field(0, ge=0, exclude_if=lambda page: not page)
    diff: bool = Field(False, exclude_if=lambda diff: not diff)
    """What changed in the run's runbook since its start, instead of its card."""


class Mine(Intent):
    verb: Literal["mine"] = "mine"


class Runs(Intent):
    verb: Literal["runs"] = "runs"
    query: str = Field("", alias="words")


class Runbooks(Intent):
    verb: Literal["runbooks"] = "runbooks"
    query: str = Field("", alias="words")
    platform: str = ""


class Help(Intent):
    verb: Literal["help"] = "help"
    topic: str = Field("", alias="words")


class Whoami(Intent):
    verb: Literal["whoami"] = "whoami"


class Home(Intent):
    """A bare ``/run``."""

    verb: Literal["home"] = "home"


class Notify(Intent):
    """Without ``mode`` it shows the present one."""

    verb: Literal["notify"] = "notify"
    mode: Literal["", "auto", "thread", "dm", "off"] = ""


# Intents of buttons. Nobody types them.


class Choose(Intent):
    """Completes the command of the message ``key``: ``values`` fill fields of its intent. With a ``verb`` among
    them they are a whole intent, because the message could not be read.

    A choice is completed once and lives 24 h. ``task`` is set where one message named several tasks: each is a
    choice of its own.
    """

    verb: Literal["choose"] = "choose"
    key: str
    task: str = Field("", alias="of")
    values: dict[str, str | bool | tuple[str, ...] | dict[str, str]] = Field({}, alias="pick")


def with_person(dump: dict[str, Any], field: str, person: str) -> dict[str, Any]:
    """The dump of an intent in which ``field`` is the id of the chosen person: of a choice, among its values."""
    if dump.get("verb") != "choose":
        return {**dump, field: person}
    return {**dump, "pick": {**(dump.get("pick") or {}), field: person}}


class RunLines(Intent):
    """Several commands of one message. ``lines`` are as typed, in ``post``."""

    verb: Literal["lines"] = "lines"
    lines: tuple[str, ...] = ()
    post: str = Field("", exclude_if=lambda post: not post)
    confirmed: bool = False


class TakeBack(TaskIntent):
    """A reaction that did ``done`` to a task was taken back."""

    verb: Literal["take_back"] = "take_back"
    done: str


class Stop(Intent):
    """Stops waiting for the platform on behalf of the message ``key``, as long as nothing was sent."""

    verb: Literal["stop"] = "stop"
    key: str


class Retry(Intent):
    """Runs the intent of the message ``key`` again, as a new message."""

    verb: Literal["again"] = "again"
    key: str


class Drop(Intent):
    verb: Literal["drop"] = "drop"
    key: str


class DecideOutcome(Intent):
    """Resolves an unknown outcome: the effect ``step`` of message ``key`` was applied, or is to be sent again."""

    verb: Literal["decide"] = "decide"
    key: str
    step: str
    applied: bool = Field(alias="there")


class PromiseUpdate(Intent):
    """Moves or cancels the promised status update. ``next`` is a due time as typed: "15m", "off"."""

    verb: Literal["promise"] = "promise"
    next: str


class UpdateDue(Intent):
    """A promised status update is due. Sent by the engine. ``at`` identifies the promise it was scheduled for.

    ``tells``: nobody has been told yet, or the author again, or the run's owner.
    """

    verb: Literal["due"] = "due"
    at: datetime
    tells: Literal["", "author", "owner"] = Field("", exclude_if=lambda tells: not tells)


class OpenForm(Intent):
    """Asks the surface to open a form; never recorded. ``fill`` has field values.

    ``about`` is a verb, or "retry" for the form of an earlier message. Buttons of earlier versions have "more".
    """

    verb: Literal["form"] = "form"
    about: Literal[
        "status", "comment", "more", "start", "add", "retry",
        "finish", "begin", "skip", "hold", "reopen", "assign", "approve", "reject", "end",
    ]  # fmt: skip
    fill: dict[str, str] = {}
