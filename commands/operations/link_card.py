"""A small card below a link to a platform, for everybody in the channel where somebody posted it."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime

from adapters.errors import AdapterError
from adapters.models import RunbookKey, TaskKey
from commands.cards.health_line import TONES, health_title, status_line
from commands.cards.progress import progress_line
from commands.cards.task_row import row, shown_tasks
from commands.language.platform_references import parse_platform_reference
from commands.model.card import Card, Text
from commands.model.messages import Actor, Membership, Place
from commands.model.ports import Services
from commands.model.run_head import run_health
from commands.model.tracked_run import TrackedRun
from commands.text.catalogue import plain_text, translate
from commands.text.phrases import join_parts, open_link, run_name, state_and_note, task_name
from commands.visibility import Reader

Members = Callable[[], Awaitable[Sequence[Actor] | None]]
"""With their profiles. None if they are too many, or the chat does not say."""
_READ_SECONDS = 5.0


async def link_card(url: str, place: Place, members: Members, services: Services, now: datetime) -> Card | None:
    """None unless it leads to a run, or a task of one, that everybody in ``place`` may read."""
    key = parse_platform_reference(url, services) if "://" in url else None
    if key is None or isinstance(key, RunbookKey):
        return None
    run_key = key.run if isinstance(key, TaskKey) else key
    tracked = await services.runs.find(run_key)
    if tracked is None:
        try:
            async with asyncio.timeout(_READ_SECONDS):
                read = await services.adapter(run_key.platform).read(run_key.id)
        except (AdapterError, TimeoutError):
            return None
        tracked = TrackedRun(handle="", run=read)
    if not tracked.started or not await _can_be_read_by_all(tracked, place, members, services):
        return None
    return (
        _task_card(tracked, key.id, url, services, now)
        if isinstance(key, TaskKey)
        else _run_card(tracked, url, services, now)
    )


async def _can_be_read_by_all(tracked: TrackedRun, place: Place, members: Members, services: Services) -> bool:
    rules = services.access_rules
    belongs_here = any(known.key == place.key for known in tracked.overlay.places)
    if belongs_here and not rules.read and rules.guests != "off":
        return True
    people = await members()
    anybody = Actor(surface=place.surface, workspace=place.workspace, id="*", membership=Membership.MEMBER)
    is_public = await services.memberships.can_see(anybody, place)
    if not people or not services.memberships.knows(anybody, place):
        return False
    readers = [person for person in people if person.membership is not Membership.BOT]
    for person in (*readers, anybody) if is_public else readers:  # whoever is not in a public channel can open it
        if not await Reader(person, services).can_read(tracked):
            return False
    return bool(readers)


def _run_card(tracked: TrackedRun, url: str, services: Services, now: datetime) -> Card:
    run, health = tracked.run, run_health(tracked)
    state: Text = translate(f"run.{run.state}") if run.state.is_over else ()
    title = health_title(health.health, run_name(tracked).strip())
    lines = (
        status_line(tracked, services.zone, now),
        join_parts([state, progress_line(shown_tasks(tracked))], " · "),
    )
    return Card(
        title=title,
        summary=plain_text(title),
        lines=tuple(line for line in lines if line),
        tone=TONES[health.health],
        link=open_link(run.key.platform, url),
    )


def _task_card(tracked: TrackedRun, id: str, url: str, services: Services, now: datetime) -> Card | None:
    task = next((task for task in shown_tasks(tracked) if task.id == id), None)
    if task is None:
        return None
    title: Text = (task_name(tracked, task).strip(),)
    lines = (state_and_note(row(tracked, task, now, services.zone)), (run_name(tracked).strip(),))
    return Card(title=title, summary=plain_text(title), lines=lines, link=open_link(tracked.run.key.platform, url))
