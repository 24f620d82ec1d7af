"""Files that were posted with a command: evidence, which becomes part of what the command writes.

Platforms show links in comments and notes, so the files stay in the chat, where it is decided who may see them.
"""

import re
from collections.abc import Mapping, Sequence

from commands.model.intents import Approve, Comment, End, Finish, Intent
from commands.model.messages import Message, SharedFile

_MOST = 20  # files of a message; both chats allow fewer
_NOT_IN_NAMES = re.compile(r"[^\w.\- ()]")  # neither markup nor a mention on any platform
_TEXT_FIELDS: Mapping[type[Intent], str] = {Comment: "text", Finish: "note", Approve: "note", End: "text"}


def files_text(files: Sequence[SharedFile]) -> str:
    """A line for each: its name and its link."""
    return "\n".join(f"{file_name(file)}: {file.link}".removesuffix(": ") for file in files[:_MOST])


def file_name(file: SharedFile) -> str:
    return " ".join(_NOT_IN_NAMES.sub("_", file.name).split())[:80] or "file"


def takes_files(intent: Intent) -> bool:
    return type(intent) in _TEXT_FIELDS


def with_files(intent: Intent, files: Sequence[SharedFile]) -> Intent:
    """Unchanged if it takes none."""
    field = _TEXT_FIELDS.get(type(intent), "")
    if not field or not files:
        return intent
    text = getattr(intent, field)
    return intent.model_copy(update={field: "\n".join(filter(None, (text, files_text(files))))})


def names_left_out(intent: Intent, message: Message) -> str:
    """Names of the message's files that the command leaves where they are."""
    if message.intent is not None or takes_files(intent):
        return ""
    return ", ".join(map(file_name, message.files[:_MOST]))
