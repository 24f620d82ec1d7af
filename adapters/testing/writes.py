"""The suite's writes: one of each kind, executed as Liaison's effect log executes it."""

import itertools
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from adapters.errors import AdapterError, Conflict, OutcomeUnknown
from adapters.models import Comment, Health, Person, Run, Runbook, RunbookKey, RunSummary, TaskState
from adapters.protocol import Adapter, Unsupported
from adapters.results import Applied, Baseline, NotApplied, Reconciliation, Recovery, WriteResult
from adapters.testing.harness import RUNBOOK, ApprovalHarness, Harness
from adapters.toolkit.messages import load_messages
from adapters.writes import (
    AddComment,
    AddTask,
    ApproveTask,
    AssignTask,
    BeginTask,
    EndRun,
    FinishTask,
    HoldTask,
    Op,
    PerformAction,
    RejectTask,
    ReopenTask,
    SetStatus,
    SkipTask,
    StartRun,
    Write,
    WriteMarker,
)

ANA = Person(id="U0ANA", name="Ana", handle="ana", email="ana@example.com")
BEN = Person(id="U0BEN", name="Ben", handle="ben", email="ben@example.com")
CLEO = Person(id="U0CLEO", name="Cleo", handle="cleo", email="cleo@example.com")
TEXT = 'lag < 40 s & "falling"\nsee <b>runbook</b> —'
NOTE = "confirmed from two zones"
NEW_TASK = "Tell support"
LOOKS = 5
"""How often a write whose answer was lost is looked for before it is sent again, or a person is asked."""
AfterLook = Callable[[int], Awaitable[None]]
_codes: Iterator[int] = itertools.count(1)


def new_marker() -> WriteMarker:
    return WriteMarker(code=f"C{next(_codes):03}", who="Ana via tests", at=datetime.now(UTC))


@dataclass
class PendingWrite:
    """A write in progress. ``results`` are those of its steps so far, ``step`` is the one being executed."""

    harness: Harness
    write: Write
    run: Run | None
    marker: WriteMarker = field(default_factory=new_marker)
    results: list[WriteResult] = field(default_factory=list)
    step: Write = field(init=False)

    def __post_init__(self) -> None:
        self.step = self.write

    @property
    def adapter(self) -> Adapter:
        return self.harness.adapter

    @property
    def steps(self) -> Sequence[Write]:
        return self.adapter.steps(self.write, self.run)

    @property
    def recovery(self) -> Recovery:
        return self.adapter.recovery(self.step)

    async def execute(self) -> None:
        """All steps, until one was done before by somebody else. When one raises, ``step`` is that one."""
        for step in self.steps:
            self.step = self.with_run(step)
            self.results.append(await self.adapter.execute(self.step, self.marker))
            self._require_readable(self.results[-1])
            if self.results[-1].already and not step.part:
                break

    def _require_readable(self, result: WriteResult) -> None:
        """Its message is in the platform's catalogue and has its facts. The platform's title is added later."""
        if result.message:
            messages = load_messages(self.harness.platform.messages)
            assert messages[result.message].format_map({"platform": "", **result.facts})

    async def execute_again(self) -> None:
        """The step that raised."""
        await self.adapter.execute(self.step, self.marker)

    async def reconcile(self, baseline: Baseline) -> Reconciliation:
        return await self.adapter.reconcile(self.step, self.marker, baseline)

    async def deliver(self, *, after_look: AfterLook | None = None) -> None:
        """All steps, by the rules of the effect log: what has no outcome is looked for before it is sent again.

        It is sent again only at the last look: before that the platform catches up with what was written, and has
        executed whatever it had not answered. ``after_look`` gets the number of each look before the last one.
        Raises ``OutcomeUnknown`` where nobody can tell, and any error that says that nothing was done.
        """
        for step in self.steps:
            self.step = self.with_run(step)
            baseline = await self.baseline()
            try:
                self.results.append(await self.adapter.execute(self.step, self.marker))
            except OutcomeUnknown as error:
                self.results.append(await self._find_outcome(baseline, error, after_look))

    async def _find_outcome(
        self, baseline: Baseline, unknown: OutcomeUnknown, after_look: AfterLook | None
    ) -> WriteResult:
        for number in range(1, LOOKS):
            if isinstance(finding := await self._look(baseline), Applied):
                return finding.result
            if after_look is not None:
                await after_look(number)
        if self.harness.fake is not None:
            self.harness.fake.catch_up()
        finding = await self._look(baseline)
        if isinstance(finding, Applied):
            return finding.result
        creates_run = self.step.op is Op.START and self.step.run is None
        is_repeatable = self.recovery is Recovery.IDEMPOTENT or not creates_run
        if isinstance(finding, NotApplied) and is_repeatable:
            return await self._send_again(baseline)
        if self.recovery is Recovery.MANUAL:
            return WriteResult()  # a person looks, and says that it was done
        raise unknown

    async def _look(self, baseline: Baseline) -> Reconciliation | None:
        """None if it cannot be read."""
        try:
            return await self.reconcile(baseline)
        except AdapterError:
            return None

    async def _send_again(self, baseline: Baseline) -> WriteResult:
        try:
            return await self.adapter.execute(self.step, self.marker)
        except AdapterError as error:
            if isinstance(error, Conflict) and error.already:
                return WriteResult()
            if isinstance(finding := await self._look(baseline), Applied):
                return finding.result
            raise

    async def baseline(self) -> Baseline:
        """What exists now, as the effect log records it before a step is sent."""
        ids: set[str] = set()
        if self.run is not None:
            ids = {task.id for task in self.run.tasks}
            ids |= {comment.id for comment in await comments_of(self.adapter, self.run.key.id, self.write.target)}
        return Baseline(sent_at=self.marker.at, ids=frozenset(ids))

    async def read_run(self, adapter: Adapter | None = None) -> Run:
        """The run as it is on the platform now."""
        key = self._started_run() or self.write.run
        assert key is not None
        return await (adapter or self.adapter).read(key.id)

    def with_run(self, step: Write) -> Write:
        """A step on the run that an earlier step started."""
        run = self._started_run()
        return step.model_copy(update={"run": run}) if run and step.run is None else step

    def _started_run(self) -> Any:
        return next((result.run for result in reversed(self.results) if result.run), None)


def can_list_runbooks(harness: Harness) -> bool:
    return not isinstance(harness.adapter.capabilities[Op.RUNBOOKS], Unsupported)


async def any_list(harness: Harness) -> Sequence[Runbook | RunSummary]:
    """The runbooks, or the runs where a platform cannot list those."""
    return await (harness.adapter.runbooks("") if can_list_runbooks(harness) else harness.adapter.runs(""))


async def comments_of(adapter: Adapter, run: str, task: str) -> Sequence[Comment]:
    """Those of the run and, if ``task`` is not empty, of the task; none where they cannot be read."""
    if isinstance(adapter.capabilities[Op.COMMENTS], Unsupported):
        return ()
    found = list(await adapter.comments(run, None))
    if task:
        known = {comment.id for comment in found}
        found += [comment for comment in await adapter.comments(run, task) if comment.id not in known]
    return found


async def new_write(harness: Harness, op: Op, **fields: Any) -> PendingWrite:
    """A write that the platform should do, on a new run or, for a start, of the runbook. ``fields`` are
    replaced."""
    pending = await _new_write(harness, op)
    if fields:
        pending = PendingWrite(harness, pending.write.model_copy(update=fields), pending.run)
    return pending


async def _new_write(harness: Harness, op: Op) -> PendingWrite:
    if op is Op.START:
        return await new_start(harness)
    if op in (Op.APPROVE, Op.REJECT) and isinstance(harness, ApprovalHarness):
        run = await harness.new_run_with_approval()
        asked = next(task.id for task in run.tasks if task.approval)
        decision = ApproveTask if op is Op.APPROVE else RejectTask
        return PendingWrite(harness, decision(run=run.key, by=ANA, task=asked), run)
    run = await harness.new_run()
    if op is Op.REOPEN and not isinstance(harness.adapter.capabilities[op], Unsupported):
        finish = PendingWrite(harness, write_on(run, Op.FINISH), run)
        await finish.execute()
        run = await harness.adapter.read(run.key.id)
    if op is Op.ACTION:
        return PendingWrite(harness, await _action(harness, run), run)
    return PendingWrite(harness, write_on(run, op), run)


async def _action(harness: Harness, run: Run) -> Write:
    """The first action that changes something; any action where the platform has none."""
    found = next((action for action in await harness.adapter.actions(run) if not action.link), None)
    if found is None:
        return PerformAction(run=run.key, by=ANA, action="anything", label="Anything")
    return PerformAction(run=run.key, by=ANA, action=found.id, label="As offered", task=found.task)


async def new_start(harness: Harness, title: str = "R99 Primary down in EU") -> PendingWrite:
    key = RunbookKey(platform=harness.adapter.name, id="1")
    if can_list_runbooks(harness):
        found = await harness.adapter.runbooks(RUNBOOK)
        key = next(runbook.key for runbook in found if runbook.title == RUNBOOK)
    start = StartRun(by=ANA, runbook=key, title=title, handle=title.split()[0])
    return PendingWrite(harness, start, None)


def write_on(run: Run, op: Op) -> Write:
    """A write on the run's first task, which is ready (or, to be reopened, done)."""
    key, task = run.key, run.tasks[0].id
    done = next((task.id for task in run.tasks if task.state is TaskState.DONE), task)
    stage = run.stages[0].id if run.stages else None
    writes: tuple[Write, ...] = (
        FinishTask(run=key, by=ANA, task=task),
        BeginTask(run=key, by=ANA, task=task),
        ApproveTask(run=key, by=ANA, task=task),
        RejectTask(run=key, by=ANA, task=task, reason="not needed"),
        SkipTask(run=key, by=ANA, task=task, reason="not needed"),
        HoldTask(run=key, by=ANA, task=task, reason="waiting for the vendor"),
        ReopenTask(run=key, by=ANA, task=done),
        AssignTask(run=key, by=ANA, task=task, person=BEN),
        AddTask(run=key, by=ANA, title=NEW_TASK, stage=stage),
        SetStatus(run=key, by=ANA, health=Health.AMBER, text=TEXT),
        AddComment(run=key, by=ANA, text=TEXT),
        EndRun(run=key, by=ANA, text="all good"),
    )
    return next(write for write in writes if write.op is op)
