"""Their JSON as our models, and their links."""

import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Protocol
from urllib.parse import urlsplit

from adapters.models import (
    Comment,
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
from adapters.playbooks import text as words
from adapters.playbooks.wire import (
    CLOSED,
    IN_PROGRESS,
    SKIPPED,
    WireChecklist,
    WireEvent,
    WireItem,
    WirePlaybook,
    WirePost,
    WireRun,
    is_id,
    when,
)

_STATES = {IN_PROGRESS: TaskState.RUNNING, CLOSED: TaskState.DONE, SKIPPED: TaskState.SKIPPED}
_CHECKLISTS_ONLY = "channelChecklist"  # a channel's to-do list, kept as a run without a playbook
_NAMELESS = "~"  # begins the ids we make up where the server gave none; theirs are letters and digits


class Names(Protocol):
    """Who a Mattermost user id is. ``bot`` is our own, empty while unknown."""

    @property
    def bot(self) -> str: ...

    def person(self, id: str) -> Person: ...


def stage_id(checklist: WireChecklist) -> str:
    return checklist.id or _NAMELESS + json.dumps([checklist.title])


def places(run: WireRun, id: str) -> list[tuple[int, int]]:
    """Where the task ``id`` stands: (checklist, item), counted from 0. Several when titles are all we have.

    An id that we made up of titles finds its task also after the server has given it a real one.
    """
    titles = re.sub(r"#[0-9]+\Z", "", id) if id.startswith(_NAMELESS) else None
    return [
        (c, i)
        for c, checklist in enumerate(run.checklists)
        for i, item in enumerate(checklist.items)
        if (item.id == id if titles is None else _by_titles(checklist, item) == titles)
    ]


def _by_titles(checklist: WireChecklist, item: WireItem) -> str:
    """For an item without an id: its position would say nothing an hour later."""
    return _NAMELESS + json.dumps([checklist.title, item.title])


def run_link(site: str, id: str) -> str:
    return f"{site}/playbooks/runs/{id}"


def retrospective_link(site: str, id: str) -> str:
    return f"{run_link(site, id)}/retrospective"


def playbook_link(site: str, id: str) -> str:
    return f"{site}/playbooks/playbooks/{id}"


def to_run(wire: WireRun, platform: str, site: str, names: Names, at: datetime, runbook: str = "") -> Run:
    moves = {event.event_at: event for event in wire.timeline_events if event.event_type == "task_state_modified"}
    return Run(
        key=RunKey(platform=platform, id=wire.id),
        title=wire.name,
        runbook=runbook,
        runbook_id=wire.playbook_id,
        state=RunState.FINISHED if wire.over else RunState.ACTIVE,
        health_at=when(max((post.create_at for post in wire.status_posts if post.delete_at == 0), default=0)),
        update_due=_update_due(wire),
        owner=names.person(wire.owner_user_id) if wire.owner_user_id else None,
        stages=_stages(wire.checklists),
        tasks=_tasks(wire.checklists, names, moves),
        link=run_link(site, wire.id),
        home=HomeChannel(site=site, channel=wire.channel_id) if wire.channel_id else None,
        read_at=at,
    )


def to_head(wire: WireRun, platform: str, site: str, runbook: str = "") -> RunSummary:
    items = [item for checklist in wire.checklists for item in checklist.items if not item.hidden]
    return RunSummary(
        key=RunKey(platform=platform, id=wire.id),
        title=wire.name,
        runbook=runbook,
        state=RunState.FINISHED if wire.over else RunState.ACTIVE,
        done=sum(item.state in (CLOSED, SKIPPED) for item in items),
        total=len(items),
        link=run_link(site, wire.id),
    )


def is_listed(wire: WireRun) -> bool:
    return not wire.over and wire.delete_at == 0 and wire.type != _CHECKLISTS_ONLY


def to_runbook(wire: WirePlaybook, platform: str, site: str, names: Names) -> Runbook:
    tasks = _tasks(wire.checklists, names, {})
    return Runbook(
        key=RunbookKey(platform=platform, id=wire.id),
        title=wire.title,
        description=wire.description,
        stages=_stages(wire.checklists),
        tasks=tasks,
        task_count=len(tasks) if tasks else wire.num_steps,
        alerts=_alerts(wire),
        link=playbook_link(site, wire.id),
    )


def to_comment(post: WirePost, names: Names, task: str | None) -> Comment:
    text, by = words.as_typed(post.message), names.person(post.user_id).shown
    if post.user_id == names.bot:
        text, by = words.unsigned(text, by)
    return Comment(id=post.id, text=text, by=by, at=when(post.create_at), task=task)


def is_comment(post: WirePost) -> bool:
    """Written by somebody: not Mattermost's own lines, nor Playbooks' cards."""
    return post.delete_at == 0 and not post.type.startswith(("system_", "custom_"))


def user_ids(run: WireRun) -> set[str]:
    """Everybody whose name a card of this run may show."""
    moved = {event.subject_user_id for event in run.timeline_events if event.event_type == "task_state_modified"}
    assigned = {item.assignee_id for checklist in run.checklists for item in checklist.items}
    return {id for id in moved | assigned | {run.owner_user_id} if is_id(id)}


def from_link(url: str, platform: str, site: str) -> RunKey | RunbookKey | None:
    """Reads ``<site>/playbooks/runs/ID`` and ``<site>/playbooks/playbooks/ID``, also with a team in front."""
    try:
        theirs, ours = urlsplit(url.strip()), urlsplit(site)
        same = (theirs.hostname, theirs.port) == (ours.hostname, ours.port)
    except ValueError:
        return None
    base = ours.path.rstrip("/") + "/"
    if not same or theirs.scheme not in ("http", "https") or not theirs.path.startswith(base):
        return None
    parts = theirs.path[len(base) :].split("/")
    for found in (parts, parts[1:]):
        if len(found) >= 3 and found[0] == "playbooks" and is_id(found[2]):
            if found[1] == "runs":
                return RunKey(platform=platform, id=found[2])
            if found[1] == "playbooks":
                return RunbookKey(platform=platform, id=found[2])
    return None


def _stages(checklists: Iterable[WireChecklist]) -> tuple[Stage, ...]:
    return tuple(Stage(id=stage_id(checklist), title=checklist.title) for checklist in checklists)


def _tasks(checklists: Iterable[WireChecklist], names: Names, moves: Mapping[int, WireEvent]) -> tuple[Task, ...]:
    alike: Counter[str] = Counter()
    tasks = []
    for checklist in checklists:
        for item in checklist.items:
            id = item.id or _by_titles(checklist, item)
            alike[id] += 1
            if alike[id] > 1:
                id = f"{id}#{alike[id]}"
            if not item.hidden:
                tasks.append(_task(id, checklist, item, names, moves))
    return tuple(tasks)


def _task(id: str, checklist: WireChecklist, item: WireItem, names: Names, moves: Mapping[int, WireEvent]) -> Task:
    state = _STATES.get(item.state, TaskState.READY)
    at = when(max(item.state_modified, item.delete_at or 0) if state is TaskState.SKIPPED else item.state_modified)
    by = _mover(moves.get(item.state_modified), names) if at else None
    running, over = state is TaskState.RUNNING, state.is_over
    return Task(
        id=id,
        title=item.title,
        state=state,
        stage=stage_id(checklist),
        instructions=item.description,
        command=item.command,
        assignees=(names.person(item.assignee_id),) if item.assignee_id else (),
        started_at=at if running else None,
        started_by=by if running else None,
        finished_at=at if over else None,
        finished_by=by if over else None,
        due_at=when(item.due_date),
    )


def _mover(move: WireEvent | None, names: Names) -> str | None:
    """Who changed a task's state; nobody where it was our bot, which did it for somebody."""
    if move is None or not move.subject_user_id or move.subject_user_id == names.bot:
        return None
    return names.person(move.subject_user_id).shown


def _update_due(wire: WireRun) -> datetime | None:
    last = when(wire.last_status_update_at)
    if wire.over or not wire.status_update_enabled or last is None or wire.previous_reminder <= 0:
        return None
    try:
        return last + timedelta(microseconds=wire.previous_reminder / 1000)
    except OverflowError:
        return None


def _alerts(wire: WirePlaybook) -> str:
    reached = []
    invited = len(wire.invited_user_ids)
    if wire.invite_users_enabled and invited:
        reached.append(f"{_counted(invited, 'person is', 'people are')} invited to its channel")
    if wire.invite_users_enabled and wire.invited_group_ids:
        groups = _counted(len(wire.invited_group_ids), "group is", "groups are")
        reached.append(f"{groups} invited to its channel")
    if wire.broadcast_enabled and wire.broadcast_channel_ids:
        others = _counted(len(wire.broadcast_channel_ids), "other channel", "other channels")
        reached.append(f"it is announced in {others}")
    return ", ".join(reached)


def _counted(number: int, one: str, several: str) -> str:
    return f"{number} {one if number == 1 else several}"
