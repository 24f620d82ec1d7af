"""Whether a write whose answer was lost did happen: Cutover is read, nothing is sent."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from adapters.cutover import mapping, wire
from adapters.cutover.reading import Reading
from adapters.cutover.words import unsign
from adapters.cutover.writing import Remark, Writing, comment_of
from adapters.models import RunKey, RunState, TaskState
from adapters.moments import moment
from adapters.replies import Listing
from adapters.writes import (
    AddComment,
    AddTask,
    BeginTask,
    CannotTell,
    FinishTask,
    HoldTask,
    Known,
    Mark,
    NotThere,
    SetStatus,
    Settled,
    StartRun,
    TaskWrite,
    There,
    Told,
    Write,
)

LONG_AGO = datetime.min.replace(tzinfo=UTC)
CLOCKS_DIFFER = timedelta(minutes=5)  # at most, between Cutover's host and ours


@dataclass
class Settling:
    reading: Reading
    writing: Writing
    filters: Mapping[str, str]

    async def settle(self, step: Write, mark: Mark, known: Known) -> Settled:
        match step:
            case StartRun(part="copy"):
                return await self._copy(step, known)
            case StartRun():
                return await self._start(step)
            case FinishTask(part="note") | BeginTask(part="note") | AddComment() | HoldTask():
                return await self._comment(step, mark)
            case BeginTask() | FinishTask():
                return await self._task(step)
            case SetStatus():
                return await self._status(step, mark, known)
            case AddTask():
                return await self._added(step, mark, known)
        return CannotTell()

    async def _copy(self, step: StartRun, known: Known) -> Settled:
        """The name has the run's handle in it. Only an older store's run may bear the same; that one ran."""
        mine, since = {**self.filters, "is_template": "false"}, known.sent_at - CLOCKS_DIFFER
        found = _named(await self.reading.runbooks("start", {**mine, "query": step.title}), step.title, since)
        if found is None:  # a fuzzy search may well miss: only the whole list proves that it is not there
            whole = await self.reading.runbooks("start", mine)
            found = _named(whole, step.title, since)
            if found is None:
                return NotThere() if whole.complete else CannotTell()
        run = RunKey(platform=step.runbook.platform, id=found.id)
        return There(Told(run=run, state=RunState.STARTING))

    async def _start(self, step: StartRun) -> Settled:
        found = await self.reading.runbook(self.writing.run_id(step), "start")
        if step.part == "name":
            return There(Told(run=step.run)) if mapping.title(found) == step.title else NotThere()
        state = mapping.run_state(found)
        return NotThere() if state is RunState.PLANNED else There(Told(run=step.run, state=state))

    async def _task(self, step: TaskWrite) -> Settled:
        """One part of a start or finish that everyone must do cannot be seen; sending again then tells."""
        found = mapping.single(await self.reading.task(self.writing.run_id(step), step.task, step.op.value))
        begins = isinstance(step, BeginTask) or step.part == "begin"
        done = found.state.is_over or (begins and found.state is TaskState.RUNNING)
        return There(Told(tasks=(found,))) if done else NotThere()

    async def _comment(self, step: Remark, mark: Mark) -> Settled:
        words, task = comment_of(step)
        listing = await self.reading.comments(self.writing.run_id(step), task, "comment")
        for found in reversed(listing.items):
            if mark.is_in(found.attributes.content):
                shown = mapping.comment(found).model_copy(update={"text": words, "at": mark.at, "task": task})
                return There(Told(id=found.id, comment=shown))
        return NotThere() if listing.complete else CannotTell()

    async def _status(self, step: SetStatus, mark: Mark, known: Known) -> Settled:
        """A status that somebody else set since then must not be overwritten by sending ours again."""
        found = await self.reading.runbook(self.writing.run_id(step), "status")
        if mark.is_in(found.attributes.status_message):
            return There(Told(health=mapping.health_note(found)))
        changed = moment(found.attributes.status_updated_at)
        return CannotTell() if changed is not None and changed > known.sent_at else NotThere()

    async def _added(self, step: AddTask, mark: Mark, known: Known) -> Settled:
        """By our mark; where a Core drops descriptions, by the title among tasks that were not there."""
        tasks = await self.reading.tasks(self.writing.run_id(step), "add")
        ours = next((task for task in tasks if mark.is_in(task.attributes.description)), None)
        if ours is None and known.ids:
            new = [task for task in tasks if task.id not in known.ids and task.attributes.name == step.title]
            ours = next((task for task in new if not unsign(task.attributes.description or "").code), None)
        return NotThere() if ours is None else There(Told(id=ours.id, tasks=(mapping.single(ours),)))


def _named(among: Listing[wire.Runbook], title: str, since: datetime) -> wire.Runbook | None:
    """A copy that waits to be started, or was made since then and started by hand; the newest of several."""

    def made(one: wire.Runbook) -> datetime:
        return moment(one.attributes.created_at) or LONG_AGO

    def ours(one: wire.Runbook) -> bool:
        state = mapping.run_state(one)
        return state is RunState.PLANNED or (not state.is_over and made(one) >= since)

    named = [one for one in among.items if mapping.title(one) == title and not one.attributes.archived]
    return max(filter(ours, named), key=made, default=None)
