"""Ends a run: its open tasks are cancelled, the last ones first, so that nothing is assigned in between.

Xurrent derives the status of a workflow from its tasks ("Workflows", status), and has no request that ends one.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from adapters.errors import AdapterError, Conflict
from adapters.models import Run, RunState
from adapters.results import Baseline, Reconciliation, Recovery, WriteResult
from adapters.toolkit.guards import Fresh
from adapters.toolkit.reconciliation import applied_if
from adapters.toolkit.steps import reconciles, step
from adapters.writes import NOTE, EndRun, WriteMarker
from adapters.xurrent import mapping, wire
from adapters.xurrent.writes.notes import Notes
from adapters.xurrent.writes.tasks import TaskWrites

CANCEL, LAST = "cancel", "last"  # parts, followed by the ID of the task


@dataclass
class Ending:
    tasks: TaskWrites
    notes: Notes

    def plan(self, write: EndRun, run: Run | None) -> Sequence[EndRun]:
        """The words first, while the run is still open. In the old API they go with the last task."""
        open_tasks = [task.id for task in reversed(run.tasks) if not task.state.is_over] if run else []
        if run is not None and not open_tasks:
            raise Conflict(self.tasks.api.name, write.op, key="xurrent.nothing_open", for_good=True, run=run.title)
        words = [write.as_part(NOTE)] if write.text.strip() and not self.notes.itrp else []
        cancels = [write.as_part(f"{CANCEL}{id}") for id in open_tasks[:-1]]
        return [*words, *cancels, *(write.as_part(f"{LAST}{id}") for id in open_tasks[-1:])]

    async def read_task(self, step: EndRun) -> Fresh[wire.Task]:
        """It may be over: then it is left as it is, which ``cancel`` sees."""
        return Fresh(await self._fetch(step))

    @step(EndRun, part=f"{CANCEL}*", recovery=lambda ending, step: ending.recovery(step), guard=read_task)
    @step(EndRun, part=f"{LAST}*", recovery=lambda ending, step: ending.recovery(step), guard=read_task)
    async def cancel(self, step: EndRun, marker: WriteMarker, fresh: Fresh[wire.Task]) -> WriteResult:
        api, record, is_over = self.tasks.api, fresh.record, mapping.task_state(fresh.record).is_over
        if not is_over:
            body: dict[str, Any] = {"status": "canceled"}
            if self._has_words(step):
                body["note"] = self.notes.sign(step, step.text, marker)
            record = await api.update_task(record.id, step.op, body) or record
        result = WriteResult(tasks=self.tasks.mapped(record), already=is_over)
        return await self._ended(step, result) if step.part.startswith(LAST) else result

    def recovery(self, step: EndRun) -> Recovery:
        return Recovery.LOOKUP if self._has_words(step) else Recovery.IDEMPOTENT

    @reconciles(EndRun, part=f"{CANCEL}*")
    @reconciles(EndRun, part=f"{LAST}*")
    async def find_cancelled(self, step: EndRun, marker: WriteMarker, baseline: Baseline) -> Reconciliation:
        task = await self._fetch(step)
        result = WriteResult(tasks=self.tasks.mapped(task))
        is_over = mapping.task_state(task).is_over
        if is_over and step.part.startswith(LAST):
            result = await self._ended(step, result)
        return applied_if(is_over, result)

    def _has_words(self, step: EndRun) -> bool:
        return self.notes.itrp and step.part.startswith(LAST) and bool(step.text.strip())

    async def _ended(self, step: EndRun, result: WriteResult) -> WriteResult:
        """Says so if the run is not over after its last task: somebody may have added one."""
        try:
            run = await self.tasks.reads.read(step.run_id)
        except AdapterError:  # a later read shows it
            return result
        if run.state.is_over:
            return result.model_copy(update={"state": run.state, "snapshot": run})
        halted = run.state is RunState.PAUSED and all(task.state.is_over for task in run.tasks)
        message = "xurrent.still_halted" if halted else "xurrent.still_open"
        return result.model_copy(update={"state": run.state, "snapshot": run, "message": message})

    async def _fetch(self, step: EndRun) -> wire.Task:
        id = step.part.removeprefix(CANCEL).removeprefix(LAST)
        return await self.tasks.api.fetch(wire.Task, f"tasks/{self.tasks.api.path_id(id, step.op)}", step.op)
