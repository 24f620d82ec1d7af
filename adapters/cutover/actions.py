"""Writes that newer Cutover versions have and the reference does not: skip a task; pause, resume and cancel a run.

The vendor's own open-source client for current versions sends them, but the Cutover Public API reference of
2022-02-22 has none of them. So they are used only if the setting ``extras`` is on. A server that does not know one
(405, 501, or 404 for something that can be read) is not asked for it again.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html import escape

from adapters.cutover import mapping, wire
from adapters.cutover.api import CutoverApi
from adapters.cutover.reads import Reads
from adapters.cutover.tasks import map_task
from adapters.cutover.text import SIGNER
from adapters.errors import AdapterError, Conflict, NotFound, Unsupported
from adapters.models import PlatformAction, Run, RunState, Task, TaskState
from adapters.results import Baseline, Reconciliation, Recovery, WriteResult
from adapters.toolkit.guards import Fresh
from adapters.toolkit.reconciliation import applied_if, read_or_raise
from adapters.toolkit.steps import reconciles, step
from adapters.writes import EndRun, Op, PerformAction, SkipTask, WriteMarker

SKIP, PAUSE, RESUME, CANCEL = "skip", "pause", "resume", "cancel"
RESULTING_STATES = {PAUSE: RunState.PAUSED, RESUME: RunState.ACTIVE, CANCEL: RunState.CANCELLED}
ACTIONS = {
    RunState.ACTIVE: PlatformAction(id=PAUSE, label="cutover.offer_pause", warning="cutover.offer_pause_does"),
    RunState.PAUSED: PlatformAction(id=RESUME, label="cutover.offer_resume", warning="cutover.offer_resume_does"),
}
VERBS: Mapping[Op, frozenset[str]] = {
    Op.SKIP: frozenset({SKIP}),
    Op.ACTION: frozenset({PAUSE, RESUME}),
    Op.END: frozenset({CANCEL}),
}


@dataclass
class ExtraActions:
    api: CutoverApi
    reads: Reads
    rejected_verbs: set[str] = field(default_factory=set)  # those that this server does not know

    def available(self, run: Run) -> Sequence[PlatformAction]:
        action = ACTIONS.get(run.state)
        return () if action is None or action.id in self.rejected_verbs else (action,)

    def unsupported_ops(self) -> Sequence[Op]:
        return [op for op, verbs in VERBS.items() if verbs <= self.rejected_verbs]

    async def read_task(self, step: SkipTask) -> Fresh[wire.Task]:
        return await self.reads.fresh_task(step)

    async def read_run(self, step: EndRun) -> Fresh[wire.Runbook]:
        return await self.reads.fresh_run(step)

    @step(SkipTask, recovery=Recovery.LOOKUP, guard=read_task)
    async def skip(self, step: SkipTask, marker: WriteMarker, fresh: Fresh[wire.Task]) -> WriteResult:
        path = self.api.path("skip", "runbooks", step.run_id, "tasks", step.task, "skip")
        comment = escape(SIGNER.sign(step.reason or "Skipped", marker), quote=False)
        try:
            await self._send(SKIP, path, {"comment": comment})
        except (NotFound, Conflict) as error:
            task = await read_or_raise(self._task(step), error)
            if isinstance(error, NotFound):
                raise self._reject_verb(SKIP) from error
            if task.state is not TaskState.SKIPPED:
                raise
            return WriteResult(tasks=(task,), already=True)
        try:
            return WriteResult(tasks=(await self._task(step),))
        except AdapterError:
            return WriteResult()  # the skip went through; the next read shows it

    @reconciles(SkipTask)
    async def find_skip(self, step: SkipTask, marker: WriteMarker, baseline: Baseline) -> Reconciliation:
        task = await self._task(step)
        return applied_if(task.state is TaskState.SKIPPED, WriteResult(tasks=(task,)))

    @step(EndRun, recovery=Recovery.LOOKUP, guard=read_run)
    async def end(self, step: EndRun, marker: WriteMarker, fresh: Fresh[wire.Runbook]) -> WriteResult:
        """It is a cancellation, so the answer says so."""
        result = await self.change_run(step, marker)
        return result.model_copy(update={"message": "cutover.run_cancelled"})

    @step(PerformAction, recovery=Recovery.LOOKUP)
    async def change_run(self, step: PerformAction | EndRun, marker: WriteMarker) -> WriteResult:
        """``notify`` is off: people get no message from Cutover."""
        verb = verb_of(step)
        path = self.api.path(verb, "runbooks", step.run_id, verb)
        text = step.text if isinstance(step, EndRun) else step.label
        try:
            await self._send(verb, path, {"message": SIGNER.sign(text, marker), "notify": False})
        except (NotFound, Conflict) as error:
            state = await read_or_raise(self._run_state(step), error)
            if isinstance(error, NotFound):
                raise self._reject_verb(verb) from error
            if state is not RESULTING_STATES[verb]:
                raise
            return WriteResult(state=state, already=True)
        return WriteResult(state=RESULTING_STATES[verb])

    @reconciles(PerformAction, EndRun)
    async def find_change(
        self, step: PerformAction | EndRun, marker: WriteMarker, baseline: Baseline
    ) -> Reconciliation:
        state = await self._run_state(step)
        return applied_if(state is RESULTING_STATES[verb_of(step)], WriteResult(state=state))

    async def _send(self, verb: str, path: str, meta: Mapping[str, str | bool]) -> None:
        """The response is only an acknowledgement, and does not have to be JSON."""
        if verb in self.rejected_verbs:
            raise self._reject_verb(verb)
        try:
            await self.api.http.write("PATCH", path, operation=verb, json={"meta": meta}, expect_json=False)
        except Unsupported as error:
            raise self._reject_verb(verb) from error

    def _reject_verb(self, verb: str) -> Unsupported:
        self.rejected_verbs.add(verb)
        return Unsupported(self.api.platform, verb, key="cutover.too_old")

    async def _task(self, step: SkipTask) -> Task:
        return map_task(await self.api.task(step.run_id, step.task, "skip"))

    async def _run_state(self, step: PerformAction | EndRun) -> RunState:
        return mapping.run_state(await self.api.runbook(step.run_id, verb_of(step)))


def verb_of(step: PerformAction | EndRun) -> str:
    return step.action if isinstance(step, PerformAction) else CANCEL
