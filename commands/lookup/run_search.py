"""Finds active runs by their titles, of which there may be thousands."""

import asyncio
from collections.abc import Iterable

from commands.lookup.fuzzy import Matches, find_matches
from commands.model.ports import Services
from commands.model.run_head import RunHead
from commands.model.tracked_run import TrackedRun
from commands.text.phrases import bare_title

_MANY = 200  # titles; comparing more takes so long that others would have to wait for it


async def started_runs(services: Services) -> list[RunHead]:
    """The active runs that their platforms know, newest first."""
    return [run for run in await services.runs.active_heads() if run.started]


async def search_runs(query: str, services: Services, *, platform: str = "") -> Matches[RunHead]:
    """Active runs, on this platform if it is named."""
    active = [run for run in await started_runs(services) if platform in ("", run.key.platform)]
    titles = [(bare_title(run, run.handle), run) for run in active]
    if len(titles) > _MANY:
        return await asyncio.to_thread(find_matches, query, titles)
    return find_matches(query, titles)


async def load_runs(heads: Iterable[RunHead], services: Services) -> list[TrackedRun]:
    """Without those that are gone meanwhile."""
    found = [await services.runs.get(head.handle) for head in heads]
    return [tracked for tracked in found if tracked is not None]
