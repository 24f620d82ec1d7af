"""What was said and done in a run: the posts of its channel, its status updates and the events of its timeline.

Playbooks posts most events in the channel too, as its own bot and in English ("ana checked off checklist item …",
also when the task was only begun). These posts are left out, and so is what Liaison itself posts there: cards,
activity lines, and commands that mention it. Events of Liaison's bot are left out because they are receipts.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from adapters.models import Comment
from adapters.playbooks import mapping
from adapters.playbooks import text as texts
from adapters.playbooks.api import Api
from adapters.playbooks.errors import MESSAGES
from adapters.playbooks.people import People
from adapters.playbooks.wire import CLOSED, IN_PROGRESS, OPEN, WireEvent, WirePost, WireRun, to_datetime
from adapters.toolkit.messages import message_text

MAX_COMMENTS = 20
MAX_EVENTS = 10
MAX_PAGES = 3  # of posts: the plugin's own can fill a whole page
RUN_PROP, TASK_PROP, KIND_PROP = "playbook_run_id", "checklist_item_id", "liaison"
_PLUGIN_BOTS = ("playbooks", "playbook", "incident")  # the usernames of the plugin's bot, newest first
_STATUS_POST = "custom_run_update"
_STATE_EVENT = "task_state_modified"
_STATE_KEYS = {
    CLOSED: "playbooks.event.finished",
    IN_PROGRESS: "playbooks.event.began",
    OPEN: "playbooks.event.reopened",
}
_EVENT_KEYS = {
    "run_finished": "playbooks.event.run_finished",
    "run_restored": "playbooks.event.run_restored",
    "owner_changed": "playbooks.event.owner_changed",
    "status_update_requested": "playbooks.event.update_requested",
}
_OWN_WORDS = ("assignee_changed", "ran_slash_command")  # their summaries are sentences: "changed assignee of …"


@dataclass
class Timeline:
    api: Api
    people: People

    async def recent(self, run: WireRun, task: str | None) -> Sequence[Comment]:
        """The last comments on a task, or comments and events of the run, newest last. Raises ``NotFound`` if the
        bot cannot read the channel.
        """
        bot = await self.people.me()
        found: list[tuple[WirePost, str | None]] = []
        posts: list[WirePost] = []
        for page in range(MAX_PAGES):
            new = await self.api.posts(run.channel_id, page, "comments")
            posts += new
            await self.people.load_names(post.user_id for post in new)
            tasks = tasks_of(posts)
            found = [(post, tasks.get(post.id)) for post in posts if self._is_comment(post, run, bot.username)]
            found = [pair for pair in found if task is None or pair[1] == task][:MAX_COMMENTS]
            if len(found) == MAX_COMMENTS or len(new) < self.api.posts_per_page:
                break
        shown = [event for event in run.timeline_events if task is None and _is_shown(event, run)]
        events = [event for event in shown if event.subject_user_id != bot.id][-MAX_EVENTS:]
        await self.people.load_names(_author(post, run) for post, _ in found)
        await self.people.load_names(event.subject_user_id for event in events)
        comments = [self._comment(post, run, on) for post, on in found]
        comments += [self._event(event, run) for event in events]
        return sorted(comments, key=lambda comment: comment.at.timestamp() if comment.at else 0.0)[-MAX_COMMENTS:]

    def _is_comment(self, post: WirePost, run: WireRun, bot_name: str) -> bool:
        if post.type == _STATUS_POST:
            return post.delete_at == 0
        if post.delete_at or post.type or not post.message.strip() or post.id in _event_posts(run):
            return False
        if post.user_id == self.people.bot:
            return bool(post.prop(RUN_PROP) or texts.SIGNER.read(post.message).by)
        is_plugin = self.people.person(post.user_id).handle in _PLUGIN_BOTS and post.prop("from_bot") == "true"
        is_command = re.match(rf"@{re.escape(bot_name)}\b", post.message, re.IGNORECASE) is not None
        return not is_plugin and not is_command

    def _comment(self, post: WirePost, run: WireRun, task: str | None) -> Comment:
        user = _author(post, run)
        text, author = texts.unescape_mentions(post.message), self.people.person(user).shown
        if user == self.people.bot:
            text, author = texts.parse_signed(text, author)
        elif not user:
            author = post.prop("authorUsername")
        return Comment(id=post.id, text=texts.plain(text), by=author, at=to_datetime(post.create_at), task=task)

    def _event(self, event: WireEvent, run: WireRun) -> Comment:
        item, summary = mapping.changed_item(run, event), texts.plain(event.summary)
        if item is not None:
            text = message_text(MESSAGES, _STATE_KEYS[item.state], task=item.title)
        elif event.event_type in _EVENT_KEYS:
            text = message_text(MESSAGES, _EVENT_KEYS[event.event_type], summary=summary)
        else:
            text = summary
        by = self.people.person(event.subject_user_id).shown
        task = item.id if item and item.id else None
        return Comment(id=event.id, text=text, by=by, at=to_datetime(event.event_at), task=task)


def tasks_of(posts: Iterable[WirePost]) -> dict[str, str]:
    """post id -> task id, for comments of Liaison and for replies to them."""
    posts = list(posts)
    tasks = {post.id: post.prop(TASK_PROP) for post in posts if post.prop(TASK_PROP)}
    replies = {post.id: tasks[post.root_id] for post in posts if post.root_id in tasks}
    return replies | tasks


def _author(post: WirePost, run: WireRun) -> str:
    """A user id. The post of a status update is by the plugin's bot, so its event says who it was; "" if none."""
    if post.type != _STATUS_POST:
        return post.user_id
    return next((event.subject_user_id for event in run.timeline_events if event.post_id == post.id), "")


def _event_posts(run: WireRun) -> set[str]:
    """The posts that the plugin made for events. A post that somebody put on the timeline is not one of them."""
    return {event.post_id for event in run.timeline_events if event.event_type != "event_from_post"}


def _is_shown(event: WireEvent, run: WireRun) -> bool:
    """Of a task's states only the present one: Playbooks has the same words for a task that was begun and one that
    was finished."""
    if event.event_type == _STATE_EVENT:
        item = mapping.changed_item(run, event)
        return item is not None and item.state in _STATE_KEYS
    return event.event_type in _EVENT_KEYS or event.event_type in _OWN_WORDS
