"""What Playbooks and Mattermost send: only the fields we use, of both generations of the plugin.

Lenient on purpose: ``null`` counts as absent (webhooks and old servers send it for empty lists), unknown fields
are ignored. Times are integers in milliseconds since the epoch, 0 = unset; ``previous_reminder`` is in
nanoseconds and ``reminder_timer_default_seconds`` in seconds (contract sheet, section 1 "Dates").
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
    """Every id of Mattermost and Playbooks looks so; nothing else may be put into a path."""
    return _ID.fullmatch(text) is not None


def when(milliseconds: int) -> datetime | None:
    """None for 0, and for what no calendar has."""
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
    def _null_is_absent(cls, data: Any) -> Any:
        if isinstance(data, Mapping):
            return {key: value for key, value in data.items() if value is not None}
        return data


class WireItem(Wire):
    """A task. ``id`` is empty in the answer that creates a run. ``delete_at`` exists where skipping does."""

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
    def hidden(self) -> bool:
        return self.condition_action == "hidden"


class WireChecklist(Wire):
    id: str = ""
    title: str = ""
    items: tuple[WireItem, ...] = ()


class WireEvent(Wire):
    event_type: str = ""
    event_at: int = 0
    post_id: str = ""
    subject_user_id: str = ""


class WireStatusPost(Wire):
    id: str = ""
    create_at: int = 0
    delete_at: int = 0


class WireRun(Wire):
    """A run of either generation: ``is_active`` and ``active_stage`` are the older, ``summary`` the newer."""

    id: str
    name: str = ""
    owner_user_id: str = ""
    team_id: str = ""
    channel_id: str = ""
    create_at: int = 0
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
    def over(self) -> bool:
        """``end_at`` says it on every generation; the two newer words agree with it where they exist."""
        if self.end_at > 0 or self.current_status == FINISHED:
            return True
        return self.is_active is False and self.current_status is None

    @property
    def knows_skipping(self) -> bool | None:
        """Whether this server can skip a task, as far as a run tells; None where it does not tell.

        Items of a server that can carry ``delete_at`` (when it was last skipped); the generation that cannot
        has stages instead (sheet, section 3).
        """
        items = [item for checklist in self.checklists for item in checklist.items]
        if any(item.delete_at is not None for item in items):
            return True
        if items and self.summary is None and (self.active_stage is not None or self.is_active is not None):
            return False
        return None


class WirePlaybook(Wire):
    """``checklists`` is empty in a list; ``num_steps`` counts the tasks there."""

    id: str
    title: str = ""
    description: str = ""
    team_id: str = ""
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
    def home(self) -> str:
        """The channel that its runs share, where it is set up so (Playbooks 2); empty where each gets its own."""
        return self.channel_id if self.channel_mode in _SHARED_CHANNEL else ""


class WireUser(Wire):
    """``delete_at``: since when the account is deactivated."""

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
    channel_id: str = ""
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
