"""Text that Liaison writes to Tines, and how it is parsed back.

A comment ends with a signature, because Tines shows the key's user as the author if the person is not in the team
(Tines API, Case comments, Create). A comment on a task starts with the task's title and id, because comments
belong to the case. A mention (``<@user-1>``), and nothing else, gets a blank that everybody can see, so that
nobody is notified: ``< @user-1>``.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from adapters.models import Health, Model, Person
from adapters.toolkit.authors import attributed
from adapters.toolkit.signing import TextSigner
from adapters.toolkit.timestamps import parse_timestamp
from adapters.writes import WriteMarker

_TYPED_MENTION = re.compile(r"<(?=@[^<>\s]{1,60}>)")
_ESCAPED_MENTION = re.compile(r"<(?: (?=@[^<>\s]{1,60}>)|\u200b(?=@))")  # earlier versions wrote the second
_TASK_HEADER = re.compile(r"\A\*\*[^\n]*\*\* \(task (?P<task>[A-Za-z0-9_-]{1,64})\)\n")
_SKIPPED = re.compile(r"\A\[SKIPPED(?:: (?P<reason>[^\]\n]*))?\] ?")
_RUNNING = re.compile(
    r"running since (?P<at>\S+), (?P<who>.+) \((?P<code>[0-9A-Z]{3,12})\)(?:, task of (?P<changed>\S+))?"
)
_HEALTH = re.compile(r"(?P<health>green|amber|red|unset) since (?P<at>\S+)(?:, sub-status (?P<sub_status>\S+))?")

_MENTION = re.compile(r"<@(?:user-)?(\d{1,20})>")
_CODE = re.compile(r"(```.*?```|`[^`\n]*`)", re.DOTALL)
_MARKDOWN = (
    (re.compile(r"!?\[([^\]\n]{1,300})\]\((https?://[^)\s]{1,2000})\)"), r"\1 (\2)"),
    (re.compile(r"(\*\*|__)(?=\S)([^*_\n]{1,500}?)(?<=\S)\1"), r"\2"),
    (re.compile(r"^#{1,6} +", re.MULTILINE), ""),
    (re.compile(r"<br ?/?>"), "\n"),
)

# Keys of the case metadata.
START_KEY = "liaison_key"  # identifies the start that created the case
RUNBOOK_ID_KEY = "liaison_runbook"
RUNBOOK_NAME_KEY = "liaison_runbook_name"
STARTED_BY_KEY = "liaison_started_by"
STATUS_KEY = "liaison_status"
HEALTH_KEY = "liaison_health"


class ParsedComment(Model):
    """``is_ours`` if Liaison wrote it."""

    text: str
    by: str = ""
    task: str | None = None
    is_ours: bool = False


class RunningSince(Model):
    """When a task was begun, and by whom. ``changed`` is when the case had last changed, on Tines' clock."""

    since: datetime
    by: str
    changed: datetime | None = None


class StoredStatus(Model):
    """The last status update. ``sub_status`` is the id of the case's sub-status just after it."""

    health: Health
    text: str
    by: str
    at: datetime
    due: datetime | None = None
    code: str = ""
    sub_status: str = ""


def escape_mentions(text: str) -> str:
    return _TYPED_MENTION.sub("< ", text)


def unescape_mentions(text: str) -> str:
    return _ESCAPED_MENTION.sub("<", text)


def mentioned_ids(text: str) -> Sequence[str]:
    return _MENTION.findall(text)


def plain_text(text: str, names: Mapping[str, str]) -> str:
    """A comment that somebody wrote in Tines, without its markdown. Code stays as it is."""
    parts = _CODE.split(text)
    return "".join(part if number % 2 else _plain(part, names) for number, part in enumerate(parts)).strip()


def _plain(text: str, names: Mapping[str, str]) -> str:
    text = _MENTION.sub(lambda match: f"@{names.get(match[1], match[1])}", text)
    for pattern, replacement in _MARKDOWN:
        text = pattern.sub(replacement, text)
    return text


def _escape_name(name: str) -> str:
    return escape_mentions(" ".join(name.split()))


SIGNER = TextSigner(
    before=r"\n\n(?=[^\n]* via )",  # people may end a comment with a word and a code in parentheses too
    escape=escape_mentions,
    escape_name=_escape_name,
    unescape=unescape_mentions,
)


def with_task_header(task: str, title: str, text: str) -> str:
    line = escape_mentions(" ".join(title.replace("*", "").split()))[:200]
    return f"**{line}** (task {task})\n{text}"


def parse_comment(value: str, author: Person | None, own_user: str) -> ParsedComment:
    """``author`` is who wrote it according to Tines, ``own_user`` the id of the key's user."""
    header = _TASK_HEADER.search(value)
    said = value[header.end() :] if header else value
    read = attributed(SIGNER.read(said), said, author, own_user)
    task = header["task"] if header else None
    return ParsedComment(text=read.text, by=read.by, task=task, is_ours=bool(read.code))


def add_skip_prefix(description: str, reason: str) -> str:
    """The description of a skipped task. Tines only knows completed or not."""
    line = " ".join(escape_mentions(reason).replace("[", "(").replace("]", ")").split())[:200]
    prefix = f"[SKIPPED: {line}]" if line else "[SKIPPED]"
    return f"{prefix} {remove_skip_prefix(description)}"


def remove_skip_prefix(description: str) -> str:
    return _SKIPPED.sub("", description, count=1)


def skip_reason(description: str) -> str | None:
    """None if the task was not skipped."""
    match = _SKIPPED.search(description)
    return unescape_mentions(match["reason"] or "") if match else None


def running_key(task: str) -> str:
    """The metadata key that says whether a task is running."""
    return f"liaison_task_{task}"


def format_running(marker: WriteMarker, changed: datetime | None = None) -> str:
    """``changed`` is when the case had last changed, by which a later reopening is told from an earlier one: the
    clocks of Tines and Liaison may differ."""
    task = f", task of {changed:%Y-%m-%dT%H:%M:%SZ}" if changed else ""
    return f"running since {_timestamp(marker)}, {SIGNER.signature(marker)}{task}"


def format_reopened(marker: WriteMarker) -> str:
    return f"reopened {_timestamp(marker)}, {SIGNER.signature(marker)}"


def parse_running(value: str) -> RunningSince | None:
    match = _RUNNING.fullmatch(value)
    at = parse_timestamp(match["at"]) if match else None
    changed = parse_timestamp(match["changed"]) if match else None
    return RunningSince(since=at, by=match["who"], changed=changed) if match and at else None


def format_status(
    health: Health, text: str, marker: WriteMarker, due: datetime | None, sub_status: str
) -> dict[str, str]:
    """The metadata of a status update: the sentence as people wrote it, and the health with its time."""
    since = f"{health} since {marker.at.astimezone(UTC).isoformat()}"
    where = f", sub-status {sub_status}" if sub_status else ""
    return {STATUS_KEY: SIGNER.sign(text, marker, due), HEALTH_KEY: f"{since}{where}"}


def parse_status(metadata: Mapping[str, str]) -> StoredStatus | None:
    """None without a status update, or if somebody has edited these keys."""
    match = _HEALTH.fullmatch(metadata.get(HEALTH_KEY, ""))
    at = parse_timestamp(match["at"]) if match else None
    if match is None or at is None:
        return None
    signed = SIGNER.read(metadata.get(STATUS_KEY, ""))
    return StoredStatus(
        health=Health(match["health"]),
        text=signed.text,
        by=signed.by,
        at=at,
        due=signed.due,
        code=signed.code,
        sub_status=match["sub_status"] or "",
    )


def start_key(marker: WriteMarker) -> str:
    """Unique among all starts, also those of other Liaison installations."""
    return f"{marker.code}-{marker.at.astimezone(UTC):%Y%m%dT%H%M%S.%fZ}"


def _timestamp(marker: WriteMarker) -> str:
    return f"{marker.at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
