"""The JSON of Playbooks and Mattermost: the fields that Liaison uses, of both generations of the plugin.

Parsing is lenient: ``null`` counts as missing (webhooks and old servers send it for empty lists), and unknown
fields are ignored. Times are milliseconds since the epoch, 0 if unset. ``previous_reminder`` is in nanoseconds and
``reminder_timer_default_seconds`` in seconds (mattermost-plugin-playbooks, server/app/playbook_run.go).
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from pydantic import BaseModel, ConfigDict, model_validator

_ID = re.compile(r"[a-z0-9]{26}")
IN_PROGRESS, CLOSED, SKIPPED, OPEN = "in_progress", "closed", "skipped", ""
FINISHED = "Finished"
_SHARED_CHANNEL = ("link_existing_channel", 1)


def is_id(text: str) -> bool:
    """Whether it has the form of all Mattermost and Playbooks ids. Nothing else is put into a URL path."""
    return _ID.fullmatch(text) is not None


def to_datetime(milliseconds: int) -> datetime | None:
    """None for 0 and for a time out of range."""
    if milliseconds <= 0:
        return None
    try:
        return datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=milliseconds)
    except OverflowError:
        return None


class Wire(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)

    @model_validator(mode="before")
    @classmethod
    def _drop_nulls(cls, data: Any) -> Any:
        if isinstance(data, Mapping):
            return {key: value for key, value in data.items() if value is not None}
        return data


class WireItem(Wire):
    """A task. ``id`` is empty in the response that creates a run. ``delete_at`` exists if the server can skip."""

    id: str = ""
    title: str = ""
    state: str = OPEN
    state_modified: int = 0
    assignee_id: str = ""
    assignee_modified: int = 0
    command: str = ""
    description: str = ""
    due_date: int = 0
    delete_at: int | None = None  # when it was last skipped
    condition_action: str = ""

    @property
    def is_hidden(self) -> bool:
        return self.condition_action == "hidden"


class WireChecklist(Wire):
    id: str = ""
    title: str = ""
    items: tuple[WireItem, ...] = ()


class WireEvent(Wire):
    """``summary`` names the task: "checked off checklist item **Confirm the primary is down**"."""

    id: str = ""
    event_type: str = ""
    event_at: int = 0
    summary: str = ""
    subject_user_id: str = ""
    post_id: str = ""


class WireStatusPost(Wire):
    create_at: int = 0
    delete_at: int = 0


class WireRun(Wire):
    """A run of either generation. ``is_active`` and ``active_stage`` are only in 1.x, ``summary`` only in 2.x, and
    ``update_at`` in newer versions of that.
    """

    id: str
    name: str = ""
    owner_user_id: str = ""
    team_id: str = ""
    channel_id: str = ""
    create_at: int = 0
    update_at: int = 0
    end_at: int = 0
    delete_at: int = 0
    playbook_id: str = ""
    checklists: tuple[WireChecklist, ...] = ()
    is_active: bool | None = None
    current_status: str | None = None
    active_stage: int | None = None
    description: str = ""
    summary: str | None = None
    type: str = ""
    status_posts: tuple[WireStatusPost, ...] = ()
    last_status_update_at: int = 0
    previous_reminder: int = 0
    reminder_timer_default_seconds: int = 0
    status_update_enabled: bool = True
    retrospective_enabled: bool = True
    participant_ids: tuple[str, ...] = ()
    timeline_events: tuple[WireEvent, ...] = ()

    @property
    def is_over(self) -> bool:
        """All generations have ``end_at``. The other fields agree with it if they exist."""
        if self.end_at > 0 or self.current_status == FINISHED:
            return True
        return self.is_active is False and self.current_status is None

    @property
    def can_skip(self) -> bool | None:
        """Whether this server can skip a task. None if the run does not show it.

        If it can, items have ``delete_at`` (when the task was last skipped). If not, runs have stages.
        """
        items = [item for checklist in self.checklists for item in checklist.items]
        if any(item.delete_at is not None for item in items):
            return True
        if items and self.summary is None and (self.active_stage is not None or self.is_active is not None):
            return False
        return None


class WirePlaybook(Wire):
    """In a list, ``checklists`` is empty and ``num_steps`` is the number of tasks."""

    id: str
    title: str = ""
    description: str = ""
    team_id: str = ""
    create_at: int = 0
    delete_at: int = 0
    num_steps: int | None = None
    checklists: tuple[WireChecklist, ...] = ()
    channel_mode: str | int = ""
    channel_id: str = ""
    broadcast_enabled: bool = False
    broadcast_channel_ids: tuple[str, ...] = ()
    invite_users_enabled: bool = False
    invited_user_ids: tuple[str, ...] = ()
    invited_group_ids: tuple[str, ...] = ()

    @property
    def shared_channel(self) -> str:
        """The channel that all its runs use (a setting of Playbooks 2). Empty if each run gets its own."""
        return self.channel_id if self.channel_mode in _SHARED_CHANNEL else ""


class WireUser(Wire):
    """``delete_at``: when the account was deactivated."""

    id: str
    delete_at: int = 0
    username: str = ""
    first_name: str = ""
    last_name: str = ""
    nickname: str = ""

    @property
    def shown(self) -> str:
        return f"{self.first_name} {self.last_name}".strip() or self.nickname or self.username


class WireTeam(Wire):
    id: str
    name: str = ""
    display_name: str = ""


class WirePost(Wire):
    id: str
    create_at: int = 0
    delete_at: int = 0
    user_id: str = ""
    root_id: str = ""
    message: str = ""
    type: str = ""
    props: Mapping[str, Any] = {}

    def prop(self, name: str) -> str:
        value = self.props.get(name)
        return value if isinstance(value, str) else ""


class WirePosts(Wire):
    """``order`` is newest first."""

    order: tuple[str, ...] = ()
    posts: Mapping[str, WirePost] = {}

    @property
    def newest_first(self) -> tuple[WirePost, ...]:
        return tuple(self.posts[id] for id in self.order if id in self.posts)


class WirePage(Wire):
    has_more: bool = False
    items: tuple[Any, ...] = ()
