"""Maps the JSON of Playbooks and Mattermost to Liaison's models."""

import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Protocol

from adapters.models import (
    HomeChannel,
    Person,
    Run,
    Runbook,
    RunbookKey,
    RunKey,
    RunState,
    RunSummary,
    Stage,
    Task,
    TaskState,
)
from adapters.playbooks import links
from adapters.playbooks.errors import MESSAGES
from adapters.playbooks.wire import (
    CLOSED,
    IN_PROGRESS,
    SKIPPED,
    WireChecklist,
    WireEvent,
    WireItem,
    WirePlaybook,
    WireRun,
    is_id,
    to_datetime,
)
from adapters.toolkit.messages import message_text

_STATES = {IN_PROGRESS: TaskState.RUNNING, CLOSED: TaskState.DONE, SKIPPED: TaskState.SKIPPED}
_CHANNEL_CHECKLIST = "channelChecklist"  # the type of a channel's to-do list: a run without a playbook
_MADE_OF_TITLES = "~"  # the first character of an id made of titles, for servers that send no ids
_EVENT_TYPE = "task_state_modified"
_ASSIGNED = "assignee_changed"


class Names(Protocol):
    """Names of Mattermost users. ``bot`` is the id of Liaison's own user, empty while unknown."""

    @property
    def bot(self) -> str: ...

    def person(self, id: str) -> Person: ...


def stage_id(checklist: WireChecklist) -> str:
    return checklist.id or _MADE_OF_TITLES + json.dumps([checklist.title])


def find_positions(run: WireRun, task: str) -> list[tuple[int, int]]:
    """The (checklist, item) indexes of a task. Several if only titles identify it and they repeat.

    An id made of titles still finds its task after the server has given it a real id.
    """
    title_id = re.sub(r"#[0-9]+\Z", "", task) if task.startswith(_MADE_OF_TITLES) else None
    return [
        (checklist_index, item_index)
        for checklist_index, checklist in enumerate(run.checklists)
        for item_index, item in enumerate(checklist.items)
        if (item.id == task if title_id is None else _title_id(checklist, item) == title_id)
    ]


def find_rival_change(before: WireRun, after: WireRun, task: str, bot: str) -> str | None:
    """Who changed the state of a task between two reads, besides ``bot``: a user id, or "" if nobody can tell.

    None if nobody did. An event of the timeline names its task by title only. A skip has no event, only a time.
    """
    item_before, item = (_find_item(run, task) for run in (before, after))
    if item_before is None or item is None:
        return None
    title = _plain(item.title)
    known = {event.id for event in before.timeline_events}
    for event in after.timeline_events:
        is_new = event.event_type == _EVENT_TYPE and event.id not in known and event.subject_user_id != bot
        if is_new and _plain(event.summary).endswith(f" {title}"):
            return event.subject_user_id
    is_skipped_since = item.state != SKIPPED and (item.delete_at or 0) > (item_before.delete_at or 0)
    return "" if is_skipped_since else None


def _find_item(run: WireRun, task: str) -> WireItem | None:
    positions = find_positions(run, task)
    return run.checklists[positions[0][0]].items[positions[0][1]] if len(positions) == 1 else None


def _plain(text: str) -> str:
    """Without markup, which Playbooks removes from a title and adds around it."""
    return re.sub(r"[*_`~]", "", text).strip()


def _title_id(checklist: WireChecklist, item: WireItem) -> str:
    """An id for an item without one. Its position would not do, because positions change."""
    return _MADE_OF_TITLES + json.dumps([checklist.title, item.title])


def to_tasks(wire: WireRun, names: Names) -> tuple[Task, ...]:
    events = {(event.event_type, event.event_at): event for event in wire.timeline_events}
    return _tasks(wire.checklists, names, events)


def to_run(wire: WireRun, platform: str, site: str, names: Names, at: datetime, runbook: str = "") -> Run:
    last_status = max((post.create_at for post in wire.status_posts if post.delete_at == 0), default=0)
    return Run(
        key=RunKey(platform=platform, id=wire.id),
        title=wire.name,
        runbook=runbook,
        runbook_id=wire.playbook_id,
        state=RunState.FINISHED if wire.is_over else RunState.ACTIVE,
        health_at=to_datetime(last_status),
        update_due=_update_due(wire),
        owner=names.person(wire.owner_user_id) if wire.owner_user_id else None,
        stages=_stages(wire.checklists),
        tasks=to_tasks(wire, names),
        link=links.run_link(site, wire.id),
        home=HomeChannel(site=site, channel=wire.channel_id) if wire.channel_id else None,
        read_at=at,
    )


def to_summary(wire: WireRun, platform: str, site: str, runbook: str = "") -> RunSummary:
    items = [item for checklist in wire.checklists for item in checklist.items if not item.is_hidden]
    return RunSummary(
        key=RunKey(platform=platform, id=wire.id),
        title=wire.name,
        runbook=runbook,
        state=RunState.FINISHED if wire.is_over else RunState.ACTIVE,
        done=sum(item.state in (CLOSED, SKIPPED) for item in items),
        total=len(items),
        link=links.run_link(site, wire.id),
    )


def is_listed(wire: WireRun) -> bool:
    return not wire.is_over and wire.delete_at == 0 and wire.type != _CHANNEL_CHECKLIST


def to_runbook(wire: WirePlaybook, platform: str, site: str, names: Names, folder: str = "") -> Runbook:
    tasks = _tasks(wire.checklists, names, {})
    return Runbook(
        key=RunbookKey(platform=platform, id=wire.id),
        title=wire.title,
        description=wire.description,
        stages=_stages(wire.checklists),
        tasks=tasks,
        task_count=len(tasks) if tasks else wire.num_steps,
        alerts=_alerts(wire),
        link=links.playbook_link(site, wire.id),
        folder=folder,
        created_at=to_datetime(wire.create_at),
    )


def changed_item(run: WireRun, event: WireEvent) -> WireItem | None:
    """The item whose present state this event set."""
    if event.event_type != _EVENT_TYPE:
        return None
    items = (item for checklist in run.checklists for item in checklist.items)
    return next((item for item in items if item.state_modified == event.event_at), None)


def was_changed_by_others(run: WireRun, task: str, bot: str) -> bool:
    """Whether the timeline says that somebody besides ``bot`` set the present state of a task."""
    changes = [event for event in run.timeline_events if (item := changed_item(run, event)) and item.id == task]
    return bool(changes) and all(event.subject_user_id != bot for event in changes)


def user_ids(run: WireRun) -> set[str]:
    """The users whose names a card of this run may show."""
    actors = {event.subject_user_id for event in run.timeline_events if event.event_type == _EVENT_TYPE}
    assignees = {item.assignee_id for checklist in run.checklists for item in checklist.items}
    return {id for id in actors | assignees | {run.owner_user_id} if is_id(id)}


def _stages(checklists: Iterable[WireChecklist]) -> tuple[Stage, ...]:
    return tuple(Stage(id=stage_id(checklist), title=checklist.title) for checklist in checklists)


def _tasks(
    checklists: Iterable[WireChecklist], names: Names, events: Mapping[tuple[str, int], WireEvent]
) -> tuple[Task, ...]:
    id_counts: Counter[str] = Counter()
    tasks = []
    for checklist in checklists:
        for item in checklist.items:
            id = item.id or _title_id(checklist, item)
            id_counts[id] += 1
            if id_counts[id] > 1:
                id = f"{id}#{id_counts[id]}"
            if not item.is_hidden:
                tasks.append(_task(id, checklist, item, names, events))
    return tuple(tasks)


def _task(
    id: str,
    checklist: WireChecklist,
    item: WireItem,
    names: Names,
    events: Mapping[tuple[str, int], WireEvent],
) -> Task:
    state = _STATES.get(item.state, TaskState.READY)
    is_skipped, is_running, is_over = state is TaskState.SKIPPED, state is TaskState.RUNNING, state.is_over
    at = to_datetime(max(item.state_modified, item.delete_at or 0) if is_skipped else item.state_modified)
    actor = _actor(events.get((_EVENT_TYPE, item.state_modified)), names) if at else None
    assigned = events.get((_ASSIGNED, item.assignee_modified))
    return Task(
        id=id,
        title=item.title,
        state=state,
        stage=stage_id(checklist),
        instructions=item.description,
        command=item.command,
        assignees=(names.person(item.assignee_id),) if item.assignee_id else (),
        started_at=at if is_running else None,
        started_by=actor if is_running else None,
        finished_at=at if is_over else None,
        finished_by=actor if is_over else None,
        due_at=to_datetime(item.due_date),
        self_assigned=bool(item.assignee_id and assigned and assigned.subject_user_id == item.assignee_id),
    )


def _actor(event: WireEvent | None, names: Names) -> str | None:
    """Who changed a task's state. None if it was Liaison's bot, which acts for somebody else."""
    if event is None or not event.subject_user_id or event.subject_user_id == names.bot:
        return None
    return names.person(event.subject_user_id).shown


def _update_due(wire: WireRun) -> datetime | None:
    last = to_datetime(wire.last_status_update_at)
    if wire.is_over or not wire.status_update_enabled or last is None or wire.previous_reminder <= 0:
        return None
    try:
        return last + timedelta(microseconds=wire.previous_reminder / 1000)
    except OverflowError:
        return None


def _alerts(wire: WirePlaybook) -> str:
    """Who is notified by a start."""
    alerts = []
    people, groups = len(wire.invited_user_ids), len(wire.invited_group_ids)
    if wire.invite_users_enabled and people:
        alerts.append(_count("people_invited", people))
    if wire.invite_users_enabled and groups:
        alerts.append(_count("groups_invited", groups))
    if wire.broadcast_enabled and wire.broadcast_channel_ids:
        alerts.append(_count("announced", len(wire.broadcast_channel_ids)))
    return ", ".join(alerts)


def _count(label: str, count: int) -> str:
    key = f"playbooks.label.{label}{'_one' if count == 1 else ''}"
    return message_text(MESSAGES, key, count=count)
