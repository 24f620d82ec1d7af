"""The options of search fields, as somebody types."""

import asyncio
import contextlib
from collections.abc import Sequence

from adapters.errors import AdapterError
from adapters.models import Task
from adapters.writes import Op
from commands.cards.task_row import shown_tasks
from commands.forms.known_runbooks import KnownRunbooks
from commands.lookup.distinct_names import runbook_option_names
from commands.lookup.fuzzy import find_matches
from commands.lookup.runbook_lookup import search_runbooks
from commands.model.card import Option
from commands.model.ports import Services
from commands.model.tracked_run import TrackedRun
from commands.operations.candidates import is_candidate
from commands.text.phrases import shorten, task_name, task_state_name

MOST_OPTIONS = 100
_SEARCH_SECONDS = 1.5  # Slack waits for 3 s


async def search_options(
    run: str, field: str, query: str, services: Services, *, about: str = "", known: KnownRunbooks | None = None
) -> Sequence[Option]:
    """``run`` (a handle) and ``about`` (a verb) are those of the form. At most ``MOST_OPTIONS``."""
    if field == "runbook":
        return await _runbook_options(query, services, known or KnownRunbooks())
    tracked = await services.runs.get(run) if run else None
    if tracked is None or field != "task":
        return []
    command = services.commands.get(about)
    return task_options(tracked, query, command.op if command is not None else None)


async def _runbook_options(query: str, services: Services, known: KnownRunbooks) -> Sequence[Option]:
    """Of what somebody types, the platforms may find more than they list."""
    listed = {runbook.key: runbook for runbook in await known.list_all(services)}
    if query.strip():
        with contextlib.suppress(AdapterError, TimeoutError):
            async with asyncio.timeout(_SEARCH_SECONDS):
                search = await search_runbooks(query, "", services)
            listed |= {runbook.key: runbook for runbook in search.runbooks}
    found = find_matches(query, [(runbook.title, runbook) for runbook in listed.values()], typing=True)
    runbooks = [found.single] if found.single else [*found.several, *found.guesses]
    return [
        Option(str(runbook.key), name)
        for runbook, name in zip(runbooks, runbook_option_names(runbooks), strict=True)
    ][:MOST_OPTIONS]


def fitting_tasks(tracked: TrackedRun, op: Op | None) -> Sequence[Task]:
    """Those that a form of ``op`` offers, open ones first."""
    tasks = [task for task in shown_tasks(tracked) if op is None or is_candidate(task, op)]
    return sorted(tasks, key=lambda task: task.state.is_over)


def task_options(tracked: TrackedRun, query: str, op: Op | None = None) -> Sequence[Option]:
    """Open tasks first. ``query`` is a handle or a part of a title; empty: all tasks."""
    tasks = fitting_tasks(tracked, op)
    if query.strip():
        by_handle = [task for task in tasks if tracked.task_handle(task.id).casefold() == query.strip().casefold()]
        found = find_matches(query, [(task.title, task) for task in tasks], typing=True)
        tasks = by_handle or ([found.single] if found.single else [*found.several, *found.guesses])
    return [
        Option(handle, shorten(f"{task_name(tracked, task)} ({task_state_name(task.state)})", 70))
        for task in tasks[:MOST_OPTIONS]
        if (handle := tracked.task_handle(task.id))
    ]
