"""One person's open tasks, on Cutover versions newer than the reference. Used only with the setting ``extras``."""

import asyncio
from dataclasses import dataclass

from adapters.cutover import mapping, wire
from adapters.cutover.api import CutoverApi
from adapters.cutover.people import People
from adapters.cutover.reads import Reads
from adapters.cutover.tasks import USER, assignee, map_task
from adapters.errors import Unsupported
from adapters.models import AssignedTask, Listing, Person, Task

MAX_RUNS = 20  # that are asked: each takes a request


@dataclass(frozen=True)
class Inbox:
    api: CutoverApi
    reads: Reads
    people: People

    async def tasks_of(self, person: Person) -> Listing[AssignedTask]:
        """From the newest open runbooks: no list covers several of them."""
        user = await self.people.find(person, "mine")
        if user is None:
            return Listing(())
        runs = await self.reads.open_runs("", "mine")
        asked = runs[:MAX_RUNS]
        listings = await asyncio.gather(*(self._tasks(run, user) for run in asked))
        found = [task for listing in listings for task in listing]
        complete = runs.complete and len(asked) == len(runs) and all(listing.complete for listing in listings)
        return Listing(found, complete)

    async def _tasks(self, item: wire.Runbook, user: Person) -> Listing[AssignedTask]:
        """Raises ``Unsupported`` if the server ignores the filter, which only shows in who has the tasks."""
        listing = await self.api.tasks_of(item.id, user.id, "mine")
        if any((USER, user.id) not in (task.related("assignees") or ()) for task in listing):
            raise Unsupported(self.api.platform, "mine", key="cutover.no_assignees")
        run = mapping.run_summary(self.api.platform, item, self.reads.links)
        mapped = [_with_assignees(task, user) for task in listing]
        return Listing(
            [AssignedTask(run=run, task=task) for task in mapped if not task.state.is_over], listing.complete
        )


def _with_assignees(item: wire.Task, user: Person) -> Task:
    """Somebody else who has it too is named by the next read of the run."""
    pairs = item.related("assignees") or ()
    people = tuple(assignee(kind, id, {user.id: user}) for kind, id in pairs)
    return map_task(item).model_copy(update={"assignees": people})
