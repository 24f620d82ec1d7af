"""What newer Cores do beside the reference: skip a task, pause, resume and cancel a run.

The vendor's own open client for current Cores sends these; the API reference of 2022-02-22 has none of them.
So they are used only where the setting ``extras`` says so, and a Core that does not know one (404 on something
that can be read, 405, 501) is not asked for it again.
"""

from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from typing import Any, TypeVar

from adapters.cutover import mapping
from adapters.cutover.reads import Reads
from adapters.cutover.text import sign
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

S = TypeVar("S")
SKIP, PAUSE, RESUME, CANCEL = "skip", "pause", "resume", "cancel"
BECOMES = {PAUSE: RunState.PAUSED, RESUME: RunState.ACTIVE, CANCEL: RunState.CANCELLED}
OFFERED = {
    RunState.ACTIVE: PlatformAction(id=PAUSE, label="cutover.offer_pause", warning="cutover.offer_pause_does"),
    RunState.PAUSED: PlatformAction(id=RESUME, label="cutover.offer_resume", warning="cutover.offer_resume_does"),
}
CAPABILITIES: Mapping[Op, tuple[frozenset[str], Capability]] = {
    Op.SKIP: (frozenset({SKIP}), Native()),
    Op.ACTION: (frozenset({PAUSE, RESUME}), Native()),
    Op.END: (frozenset({CANCEL}), Emulated("what is left of the run is cancelled")),
}


@dataclass
class ExtraActions:
    """``lacks``: what this server turned out not to know."""

    reading: Reads
    on: bool
    lacks: set[str] = field(default_factory=set)

    def capabilities(self) -> Mapping[Op, Capability]:
        if not self.on:
            return {}
        return {op: offered for op, (needs, offered) in CAPABILITIES.items() if not needs <= self.lacks}

    def offers(self, run: Run) -> Sequence[PlatformAction]:
        offer = OFFERED.get(run.state)
        return () if offer is None or not self.on or offer.id in self.lacks else (offer,)

    async def skip(self, step: SkipTask, run: str, mark: WriteMarker) -> WriteResult:
        task = self.reading.path(step.task, "skip")
        path = f"core/runbooks/{self.reading.path(run, 'skip')}/tasks/{task}/skip"
        said = escape(sign(step.reason or "Skipped", mark), quote=False)
        try:
            await self._send(SKIP, path, {"comment": said})
        except (NotFound, Conflict) as error:
            found = await self._or(error, self._task(step, run))
            if isinstance(error, NotFound):
                raise self._unknown(SKIP) from error
            if found.state is not TaskState.SKIPPED:
                raise
            return WriteResult(tasks=(found,), already=True)
        try:
            return WriteResult(tasks=(await self._task(step, run),))
        except AdapterError:
            return WriteResult()  # it was skipped; the re-read that every write schedules will show it

    async def change(self, step: PerformAction | EndRun, run: str, mark: WriteMarker) -> WriteResult:
        """Pauses, resumes or cancels; Cutover's people get no message about it from here."""
        verb = verb_of(step)
        path = f"core/runbooks/{self.reading.path(run, verb)}/{verb}"
        words = step.text if isinstance(step, EndRun) else step.label
        try:
            await self._send(verb, path, {"message": sign(words, mark), "notify": False})
        except (NotFound, Conflict) as error:
            state = await self._or(error, self._state(run, verb))
            if isinstance(error, NotFound):
                raise self._unknown(verb) from error
            if state is not BECOMES[verb]:
                raise
            return WriteResult(state=state, already=True)
        return WriteResult(state=BECOMES[verb])

    async def reconcile(self, step: SkipTask | PerformAction | EndRun, run: str) -> Reconciliation:
        if isinstance(step, SkipTask):
            found = await self._task(step, run)
            return Applied(WriteResult(tasks=(found,))) if found.state is TaskState.SKIPPED else NotApplied()
        verb = verb_of(step)
        state = await self._state(run, verb)
        return Applied(WriteResult(state=state)) if state is BECOMES[verb] else NotApplied()

    async def _send(self, verb: str, path: str, meta: Mapping[str, Any]) -> None:
        """What is answered is an acknowledgement, and need not be JSON."""
        if verb in self.lacks:
            raise self._unknown(verb)
        caller = self.reading.caller
        try:
            await caller.write("PATCH", path, operation=verb, json={"meta": meta}, expect_json=False)
        except Unsupported as error:
            raise self._unknown(verb) from error

    async def _or(self, refusal: NotFound | Conflict, reading: Awaitable[S]) -> S:
        """What is read, or the refusal, which is certain. Whoever can be read is not what was not found."""
        try:
            return await reading
        except AdapterError:
            raise refusal from None

    def _unknown(self, verb: str) -> Unsupported:
        self.lacks.add(verb)
        return Unsupported(self.reading.caller.platform, verb, key="cutover.too_old")

    async def _task(self, step: SkipTask, run: str) -> Task:
        return mapping.single(await self.reading.task(run, step.task, "skip"))

    async def _state(self, run: str, verb: str) -> RunState:
        return mapping.run_state(await self.reading.runbook(run, verb))


def verb_of(step: PerformAction | EndRun) -> str:
    return step.action if isinstance(step, PerformAction) else CANCEL
