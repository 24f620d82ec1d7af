"""Writes that newer Cutover versions have and the reference does not: skip a task; pause, resume and cancel a run.

The vendor's own open-source client for current versions sends them, but the Cutover Public API reference of
2022-02-22 has none of them. So they are used only if the setting ``extras`` is on. A server that does not know
one (405, 501, or 404 for something that can be read) is not asked for it again.
"""

from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from typing import Any, TypeVar

from adapters.cutover import mapping
from adapters.cutover.api import CutoverApi
from adapters.cutover.text import add_signature
from adapters.errors import AdapterError, Conflict, NotFound, Unsupported
from adapters.models import PlatformAction, Run, RunState, Task, TaskState
from adapters.protocol import Capability, Emulated, Native
from adapters.writes import (
    Applied,
    EndRun,
    NotApplied,
    Op,
    PerformAction,
    Reconciliation,
    SkipTask,
    WriteMarker,
    WriteResult,
)

T = TypeVar("T")
SKIP, PAUSE, RESUME, CANCEL = "skip", "pause", "resume", "cancel"
RESULTING_STATES = {PAUSE: RunState.PAUSED, RESUME: RunState.ACTIVE, CANCEL: RunState.CANCELLED}
ACTIONS = {
    RunState.ACTIVE: PlatformAction(id=PAUSE, label="cutover.offer_pause", warning="cutover.offer_pause_does"),
    RunState.PAUSED: PlatformAction(id=RESUME, label="cutover.offer_resume", warning="cutover.offer_resume_does"),
}
CAPABILITIES: Mapping[Op, tuple[frozenset[str], Capability]] = {  # op -> (verbs it needs, capability)
    Op.SKIP: (frozenset({SKIP}), Native()),
    Op.ACTION: (frozenset({PAUSE, RESUME}), Native()),
    Op.END: (frozenset({CANCEL}), Emulated("cutover.capability.end_extras")),
}


@dataclass
class ExtraActions:
    api: CutoverApi
    enabled: bool
    unsupported: set[str] = field(default_factory=set)  # verbs that this server has rejected as unknown

    def capabilities(self) -> Mapping[Op, Capability]:
        if not self.enabled:
            return {}
        return {
            op: capability for op, (verbs, capability) in CAPABILITIES.items() if not verbs <= self.unsupported
        }

    def available(self, run: Run) -> Sequence[PlatformAction]:
        action = ACTIONS.get(run.state)
        return () if action is None or not self.enabled or action.id in self.unsupported else (action,)

    async def skip(self, step: SkipTask, run: str, marker: WriteMarker) -> WriteResult:
        task = self.api.path_id(step.task, "skip")
        path = f"core/runbooks/{self.api.path_id(run, 'skip')}/tasks/{task}/skip"
        comment = escape(add_signature(step.reason or "Skipped", marker), quote=False)
        try:
            await self._send(SKIP, path, {"comment": comment})
        except (NotFound, Conflict) as error:
            current = await self._read_or_raise(error, self._task(step, run))
            if isinstance(error, NotFound):
                raise self._mark_unsupported(SKIP) from error
            if current.state is not TaskState.SKIPPED:
                raise
            return WriteResult(tasks=(current,), already=True)
        try:
            return WriteResult(tasks=(await self._task(step, run),))
        except AdapterError:
            return WriteResult()  # the skip went through; the next read shows it

    async def change_run(self, step: PerformAction | EndRun, run: str, marker: WriteMarker) -> WriteResult:
        """``notify`` is off: people get no message from Cutover."""
        verb = verb_of(step)
        path = f"core/runbooks/{self.api.path_id(run, verb)}/{verb}"
        text = step.text if isinstance(step, EndRun) else step.label
        try:
            await self._send(verb, path, {"message": add_signature(text, marker), "notify": False})
        except (NotFound, Conflict) as error:
            state = await self._read_or_raise(error, self._run_state(run, verb))
            if isinstance(error, NotFound):
                raise self._mark_unsupported(verb) from error
            if state is not RESULTING_STATES[verb]:
                raise
            return WriteResult(state=state, already=True)
        return WriteResult(state=RESULTING_STATES[verb])

    async def reconcile(self, step: SkipTask | PerformAction | EndRun, run: str) -> Reconciliation:
        if isinstance(step, SkipTask):
            task = await self._task(step, run)
            is_skipped = task.state is TaskState.SKIPPED
            return Applied(WriteResult(tasks=(task,))) if is_skipped else NotApplied()
        verb = verb_of(step)
        state = await self._run_state(run, verb)
        return Applied(WriteResult(state=state)) if state is RESULTING_STATES[verb] else NotApplied()

    async def _send(self, verb: str, path: str, meta: Mapping[str, Any]) -> None:
        """The response is only an acknowledgement, and does not have to be JSON."""
        if verb in self.unsupported:
            raise self._mark_unsupported(verb)
        try:
            await self.api.send("PATCH", path, verb, {"meta": meta}, expect_json=False)
        except Unsupported as error:
            raise self._mark_unsupported(verb) from error

    async def _read_or_raise(self, error: NotFound | Conflict, read: Awaitable[T]) -> T:
        """The result of ``read``. Raises ``error``, which is certain, if it fails."""
        try:
            return await read
        except AdapterError:
            raise error from None

    def _mark_unsupported(self, verb: str) -> Unsupported:
        self.unsupported.add(verb)
        return Unsupported(self.api.platform, verb, key="cutover.too_old")

    async def _task(self, step: SkipTask, run: str) -> Task:
        return mapping.task(await self.api.task(run, step.task, "skip"))

    async def _run_state(self, run: str, verb: str) -> RunState:
        return mapping.run_state(await self.api.runbook(run, verb))


def verb_of(step: PerformAction | EndRun) -> str:
    return step.action if isinstance(step, PerformAction) else CANCEL
