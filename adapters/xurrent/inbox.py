"""What waits for one person: their open tasks, and the approvals that they are asked for.

With a person's own token their own lists say so (``/tasks/assigned_to_me``, ``/tasks/approval_by_me``). Without
one, the open tasks are filtered by member; an approval by several people has none, so it is not among them. The
old API documents no such filter: there they are picked from the tasks that Liaison's user manages or its team has.
"""

from collections.abc import Callable
from dataclasses import dataclass

from adapters.models import AssignedTask, Listing, Person, RunKey, RunSummary
from adapters.xurrent import mapping, wire
from adapters.xurrent.api import Api
from adapters.xurrent.changes import ChangeReads
from adapters.xurrent.links import Links
from adapters.xurrent.people import People
from adapters.xurrent.reads import TASK_FIELDS

OWN_LISTS = ("assigned_to_me", "approval_by_me")
OUR_LISTS = ("managed_by_me", "assigned_to_my_team")
OPEN_STATUSES = [status for status, state in mapping.TASK_STATES.items() if not state.is_over]
OPERATION = "mine"


@dataclass
class Inbox:
    api: Api
    personal_api: Callable[[str], Api | None]
    links: Links
    people: People
    changes: ChangeReads | None  # of the old API

    async def tasks_of(self, person: Person) -> Listing[AssignedTask]:
        api = self.personal_api(person.id) if person.id else None
        found = await (self._own_tasks(api) if api is not None else self._tasks_by_member(person))
        records = {task.id: task for task in found if not mapping.task_state(task).is_over}
        assigned = [self._assigned(task, person) for task in records.values() if task.run is not None]
        complete = found.complete and len(assigned) == len(records)
        return Listing(tuple(assigned), complete, gap=found.gap)

    async def _own_tasks(self, api: Api) -> Listing[wire.Task]:
        lists = [await self._list(api, name) for name in OWN_LISTS]
        return Listing([task for found in lists for task in found], all(found.complete for found in lists))

    async def _list(self, api: Api, name: str) -> Listing[wire.Task]:
        if self.changes is not None:
            return await self.changes.open_tasks(api, name, OPERATION, pages=1)
        params = {"status": ",".join(OPEN_STATUSES)}
        return await api.fetch_list(wire.Task, f"tasks/{name}", OPERATION, params, fields=TASK_FIELDS, pages=1)

    async def _tasks_by_member(self, person: Person) -> Listing[wire.Task]:
        if self.changes is not None:
            return await self._tasks_by_name(person, self.changes)
        id = await self.people.find_id(person, OPERATION)
        if id is None:
            return Listing(())
        params = {"member": id}
        return await self.api.fetch_list(wire.Task, "tasks/open", OPERATION, params, fields=TASK_FIELDS, pages=1)

    async def _tasks_by_name(self, person: Person, changes: ChangeReads) -> Listing[wire.Task]:
        lists = [await changes.open_tasks(self.api, name, OPERATION, pages=1) for name in OUR_LISTS]
        id = await self.people.find_id(person, OPERATION)
        tasks = [task for found in lists for task in found if task.member is not None and task.member.id == id]
        is_read = all(found.complete for found in lists)
        return Listing(tasks, complete=False, gap="xurrent.itrp_only_ours" if is_read else "")

    def _assigned(self, record: wire.Task, person: Person) -> AssignedTask:
        assert record.run is not None
        task = mapping.map_task(record, self.links)
        if task.approval and not task.assignees:
            task = task.model_copy(update={"approvers": (person,)})
        self.links.run_by_task[record.id] = record.run.id
        run = RunSummary(
            key=RunKey(platform=self.api.name, id=record.run.id),
            title=mapping.reference_title(record.run, "change" if self.changes is not None else "workflow"),
            link=self.links.run(record.run.id),
        )
        return AssignedTask(run=run, task=self.people.with_emails(task))
