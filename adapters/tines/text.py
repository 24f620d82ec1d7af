"""Text on its way to Tines and back: who wrote it, which task it is about, and what a task cannot hold itself.

A comment is signed at its end, because Tines takes the key's user for an author that is not in the team (sheet
2.4), and says which task it is about at its start, because comments belong to the case. Nobody is called: a
mention, ``<@user-1>``, is broken.
"""

import re
from datetime import UTC, datetime

from adapters.models import Model
from adapters.toolkit.timestamps import parse_timestamp
from adapters.writes import WriteMarker

_BREAK = "\u200b"  # zero width: people see no difference, Tines sees no mention
_SIGNED = re.compile(r"(?:\A|\n\n)(?P<who>[^\n]{1,120}? via [^\n]{1,60}?) \((?P<code>[0-9A-Z]{3,12})\)\s*\Z")
_ABOUT = re.compile(r"\A\*\*[^\n]*\*\* \(task (?P<task>[A-Za-z0-9_-]{1,64})\)\n")
_SKIPPED = re.compile(r"\A\[SKIPPED(?:: (?P<reason>[^\]\n]*))?\] ?")
_RUNNING = re.compile(r"running since (?P<at>\S+), (?P<who>.+) \((?P<code>[0-9A-Z]{3,12})\)")
_TASK_KEY = "liaison_task_"
KEY = "liaison_key"  # the metadata that a start is found by
RUNBOOK_KEY, RUNBOOK_NAME = "liaison_runbook", "liaison_runbook_name"


class Said(Model):
    """A comment taken apart. ``by`` is empty for one that is not ours."""

    text: str
    by: str = ""
    task: str | None = None


class Running(Model):
    """Since when a task is worked on, and who said so."""

    since: datetime
    by: str


def quiet(text: str) -> str:
    """The text, calling nobody."""
    return text.replace("<@", f"<{_BREAK}@")


def as_typed(text: str) -> str:
    """Undoes ``quiet``."""
    return text.replace(f"<{_BREAK}@", "<@")


def signature(mark: WriteMarker) -> str:
    return quiet(" ".join(mark.signature.split()))


def signed(text: str, mark: WriteMarker) -> str:
    return f"{quiet(text.rstrip())}\n\n{signature(mark)}" if text.strip() else signature(mark)


def about(task: str, title: str, text: str) -> str:
    """A comment that says which task it is about."""
    line = quiet(" ".join(title.replace("*", "").split()))[:200]
    return f"**{line}** (task {task})\n{text}"


def taken_apart(value: str) -> Said:
    about = _ABOUT.search(value)
    rest = value[about.end() :] if about else value
    signed = _SIGNED.search(rest)
    text = rest[: signed.start()] if signed else rest
    return Said(text=as_typed(text), by=signed["who"] if signed else "", task=about["task"] if about else None)


def skipped(description: str, reason: str) -> str:
    """What a skipped task is called: Tines knows only completed or not."""
    why = " ".join(quiet(reason).replace("[", "(").replace("]", ")").split())[:200]
    return f"[SKIPPED: {why}] {unskipped(description)}" if why else f"[SKIPPED] {unskipped(description)}"


def unskipped(description: str) -> str:
    return _SKIPPED.sub("", description, count=1)


def skip_reason(description: str) -> str | None:
    """Why a task was skipped; None when it was not."""
    found = _SKIPPED.search(description)
    return as_typed(found["reason"] or "") if found else None


def task_key(task: str) -> str:
    """The case metadata that says whether a task is being worked on."""
    return f"{_TASK_KEY}{task}"


def running(mark: WriteMarker) -> str:
    return f"running since {_moment(mark)}, {signature(mark)}"


def no_longer(mark: WriteMarker) -> str:
    return f"reopened {_moment(mark)}, {signature(mark)}"


def read_running(value: str) -> Running | None:
    found = _RUNNING.fullmatch(value)
    at = parse_timestamp(found["at"]) if found else None
    return Running(since=at, by=found["who"]) if found and at else None


def start_key(mark: WriteMarker) -> str:
    """What tells this very start from all others, those of other Liaisons included."""
    return f"{mark.code}-{mark.at.astimezone(UTC):%Y%m%dT%H%M%S.%fZ}"


def _moment(mark: WriteMarker) -> str:
    return f"{mark.at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
