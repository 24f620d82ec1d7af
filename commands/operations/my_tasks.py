"""A person's open tasks: those of the tracked runs, and those that the platforms list for the person.

A platform is asked with its own filter, all of them at once, and none is waited for longer than ``_ANSWER_TIME``.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from adapters.errors import AdapterError
from adapters.models import AssignedTask, Listing, Task
from adapters.protocol import AssignedTasks
from commands.cards.task_row import as_shown, shown_tasks
from commands.lookup.platform_lists import gap_text
from commands.model.card import Text
from commands.model.messages import Actor
from commands.model.ports import Services
from commands.model.tracked_run import TrackedRun
from commands.operations.candidates import is_mine
from commands.text.catalogue import translate
from commands.text.error_text import adapter_error_text, platform_title
from commands.visibility import Reader

_ANSWER_TIME = 3.0  # seconds
_MOST_NEW_RUNS = 10  # that are given a handle at once


@dataclass(frozen=True)
class MyTasks:
    """``by_run`` has only runs with a task. ``gaps``: a sentence for each platform that may have more."""

    by_run: Sequence[tuple[TrackedRun, Sequence[Task]]]
    gaps: Sequence[Text] = ()

    @property
    def count(self) -> int:
        return sum(len(tasks) for _, tasks in self.by_run)


async def find_my_tasks(
    actor: Actor, services: Services, runs: Sequence[TrackedRun], *, ask: bool = True
) -> MyTasks:
    """Of ``runs``; with ``ask`` also of all other runs on the platforms. A run that was unknown gets a handle."""
    asks = ask and Reader(actor, services).is_insider
    listed, gaps = await _ask_platforms(actor, services) if asks else ([], [])
    by_run: dict[str, tuple[TrackedRun, dict[str, Task]]] = {}
    for tracked in runs:
        still_open = [task for task in shown_tasks(tracked) if not task.state.is_over]
        by_run[tracked.handle] = (
            tracked,
            {task.id: task for task in still_open if is_mine(task, tracked, actor, services)},
        )
    new_runs = 0
    for assigned in listed:
        if await services.runs.is_hidden(assigned.run):
            continue
        known = await services.runs.find(assigned.run.key)
        if known is None:
            new_runs += 1
            if new_runs > _MOST_NEW_RUNS:
                continue
            known = await services.runs.track(assigned.run)
        if known.run.state.is_over or assigned.task.state.is_over:
            continue
        tracked, tasks = by_run.setdefault(known.handle, (known, {}))
        tasks[assigned.task.id] = as_shown(tracked, assigned.task)
    if new_runs > _MOST_NEW_RUNS:
        gaps = [*gaps, translate("mine.more", count=new_runs - _MOST_NEW_RUNS)]
    return MyTasks([(tracked, list(tasks.values())) for tracked, tasks in by_run.values() if tasks], gaps)


async def _ask_platforms(actor: Actor, services: Services) -> tuple[list[AssignedTask], list[Text]]:
    askable = {name: one for name, one in services.platforms.items() if isinstance(one, AssignedTasks)}
    answers = await asyncio.gather(*(_ask(adapter, actor, services) for adapter in askable.values()))
    found: list[AssignedTask] = []
    gaps: dict[str, Text] = {
        name: translate("mine.not_asked", platform=platform_title(name, services))
        for name in services.platforms
        if name not in askable
    }
    for name, answer in zip(askable, answers, strict=True):
        if isinstance(answer, Listing):
            found += answer
        gap = _gap(name, answer, services)
        if gap:
            gaps[name] = gap
    return found, [gaps[name] for name in services.platforms if name in gaps]


async def _ask(
    adapter: AssignedTasks, actor: Actor, services: Services
) -> Listing[AssignedTask] | AdapterError | None:
    """None if the platform did not answer in time."""
    try:
        async with asyncio.timeout(_ANSWER_TIME):
            return await adapter.assigned_tasks(services.people.person(actor))
    except TimeoutError:
        return None
    except AdapterError as error:
        return error


def _gap(name: str, answer: Listing[AssignedTask] | AdapterError | None, services: Services) -> Text:
    """Empty if the platform listed everything."""
    if isinstance(answer, AdapterError):
        return adapter_error_text(answer, services, nothing_changed=False)
    if answer is None:
        return translate("mine.too_slow", platform=platform_title(name, services), seconds=round(_ANSWER_TIME))
    return gap_text(name, answer, services)
