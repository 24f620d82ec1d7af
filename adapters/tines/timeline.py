"""A case's timeline: the activities that Tines logs, as lines that read like comments.

What the ``value`` of an activity holds is documented for comments only. Text is shown; a number is not, except
that of a task of the case.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta

from adapters.models import Comment
from adapters.tines import mapping, wire
from adapters.tines.errors import MESSAGES
from adapters.toolkit.messages import load_messages, message_text
from adapters.toolkit.timestamps import parse_timestamp

_UNSHOWN = ("COMMENTED", "METADATA_UPDATED")  # comments have a list of their own, and Liaison writes metadata
_OPAQUE = re.compile(r"[\d\s{}\[\],:\"]*")
_LONGEST = 200
_SAME_CHANGE = timedelta(minutes=1)  # between a change through Liaison and the comment that names the person


def entries(
    activities: Iterable[wire.Activity], comments: Sequence[Comment], task_titles: Mapping[str, str]
) -> Sequence[Comment]:
    """Without Liaison's own changes: a comment that names the person follows each of those."""
    found = [entry(item, task_titles) for item in activities if not _is_told(item, comments)]
    return [comment for comment in found if comment is not None]


def entry(item: wire.Activity, task_titles: Mapping[str, str]) -> Comment | None:
    """None for a kind of activity that is not shown."""
    key = f"tines.activity.{item.activity_type.lower()}"
    if item.activity_type in _UNSHOWN or key not in load_messages(MESSAGES):
        return None
    text, about = message_text(MESSAGES, key), task_titles.get(item.value, "")
    if about or not _OPAQUE.fullmatch(item.value):
        text = f"{text}: {about or ' '.join(item.value.split())[:_LONGEST]}"
    return Comment(
        id=item.id,
        text=_with_file(text, item.file),
        by=mapping.person(item.user).shown if item.user else "",
        at=parse_timestamp(item.created_at),
        task=item.value if about else None,
    )


def _with_file(text: str, file: wire.File) -> str:
    return f"{text} ({' '.join(part for part in (file.filename, file.url) if part)})" if file.filename else text


def _is_told(item: wire.Activity, comments: Sequence[Comment]) -> bool:
    at = parse_timestamp(item.created_at)
    if at is None or item.user is None or not item.user.is_service_account:
        return False
    return any(
        comment.at is not None and " via " in comment.by and abs(comment.at - at) <= _SAME_CHANGE
        for comment in comments
    )
