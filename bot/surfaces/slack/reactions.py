"""Reactions that act as verbs: ``[slack.reactions]`` says which, and the message which task.

Slack's events do not contain the message, so it is read once the reaction is recorded. It must be ours and name
exactly one task.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from bot.surfaces.errors import NotInChannel, PostGone
from bot.surfaces.slack import button_values
from bot.surfaces.slack.client import ApiError, SlackClient
from bot.surfaces.slack.parsing import thread_of
from commands.model.intents import Approve, Begin, Finish, Reopen, TakeBack, TaskIntent
from commands.model.messages import Message, ReplyRoute

_TASK = re.compile(r"\bT\d+\b")
_RUN = re.compile(r"\bR\d+\b")
VERB, ADDED = "verb", "added"  # the details of a reaction that is not read yet
_VERBS: Mapping[str, Callable[..., TaskIntent]] = {
    "begin": Begin,
    "finish": Finish,
    "approve": Approve,
    "reopen": Reopen,
}


def verb_of(emoji: str, verbs: Mapping[str, str]) -> str:
    """What the reaction asks for, or "". ``verbs`` by the names of emojis, without skin tones."""
    return verbs.get(emoji.partition("::")[0], "")


async def read_reaction(client: SlackClient, reaction: Message) -> Message | None:
    """The command that the reaction stands for. None if the message names no task. Raises ``ChatUnreachable``."""
    details, post = reaction.reply.details, await _read(client, reaction.place.channel, reaction.reply.post)
    named = _named_task(post)
    if named is None:
        return None
    verb, (run, task) = str(details[VERB]), named
    is_added = bool(details[ADDED])
    intent = _VERBS[verb](run=run, tasks=(task,)) if is_added else TakeBack(run=run, tasks=(task,), done=verb)
    place = reaction.place.model_copy(update={"thread": thread_of(post)})
    changes = {"place": place, "intent": intent.model_dump(mode="json"), "reply": ReplyRoute()}
    return reaction.model_copy(update=changes)


async def _read(client: SlackClient, channel: str, ts: str) -> Mapping[str, Any]:
    """Empty if it cannot be read (Slack docs, "conversations.replies": ``ts`` may be that of a reply)."""
    request = client.web.conversations_replies(
        channel=channel, ts=ts, oldest=ts, latest=ts, inclusive=True, limit=1
    )
    try:
        response = await client.call("conversations.replies", request, channel)
    except (ApiError, NotInChannel, PostGone):
        return {}
    return next((post for post in response.get("messages") or () if post.get("ts") == ts), {})


def _named_task(post: Mapping[str, Any]) -> tuple[str, str] | None:
    """(run, task), if exactly one task is named and not more than one run. Without a run, it is that of the
    thread."""
    texts = [str(post.get("text") or ""), *_texts(post.get("blocks"))]
    tasks = {task for text in texts for task in _TASK.findall(text)}
    runs = {run for text in texts for run in _RUN.findall(text)}
    if len(tasks) != 1 or len(runs) > 1:
        return None
    return next(iter(runs), ""), tasks.pop()


def _texts(part: object) -> Iterator[str]:
    """What people see, and what buttons are for."""
    if isinstance(part, Mapping):
        for name, value in part.items():
            if name == "value" and isinstance(value, str):
                intent = button_values.load(value) or {}
                yield from (str(intent.get("run") or ""), *map(str, intent.get("tasks") or ()))
            elif name == "text" and isinstance(value, str):
                yield value
            else:
                yield from _texts(value)
    elif isinstance(part, list):
        for item in part:
            yield from _texts(item)
