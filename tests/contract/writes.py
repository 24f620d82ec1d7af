"""The writes that the suite makes: one of each kind, as the effect log would execute it."""

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from adapters.models import Health, Person, Run, TaskState
from adapters.protocol import Unsupported
from adapters.writes import (
    AddComment,
    AddTask,
    ApproveTask,
    AssignTask,
    Baseline,
    BeginTask,
    EndRun,
    FinishTask,
    HoldTask,
    Op,
    PerformAction,
    Reconciliation,
    Recovery,
    RejectTask,
    ReopenTask,
    SetStatus,
    SkipTask,
    StartRun,
    Write,
    WriteMarker,
    WriteResult,
)
from tests.contract.subject import RUNBOOK, Approved, Subject

ANA = Person(id="U0ANA", name="Ana", handle="ana", email="ana@example.com")
BEN = Person(id="U0BEN", name="Ben", handle="ben", email="ben@example.com")
TEXT = 'lag < 40 s & "falling"\nsee <b>runbook</b> —'
NEW_TASK = "Tell support"
_codes: Iterator[int] = itertools.count(1)


def a_mark() -> WriteMarker:
    return WriteMarker(code=f"C{next(_codes):03}", who="Ana via tests", at=datetime.now(UTC))


@dataclass
class Doing:
    """A write on its way. ``told``: what its steps told so far; ``at``: the step it has come to."""

    subject: Subject
    write: Write
    run: Run | None
    mark: WriteMarker = field(default_factory=a_mark)
    told: list[WriteResult] = field(default_factory=list)
    at: Write = field(init=False)

    def __post_init__(self) -> None:
        self.at = self.write

    @property
    def steps(self) -> Sequence[Write]:
        return self.subject.adapter.steps(self.write, self.run)

    async def execute(self) -> None:
        """All steps. When one raises, ``at`` is that step."""
        for step in self.steps:
            self.at = self.placed(step)
            self.told.append(await self.subject.adapter.execute(self.at, self.mark))

    async def again(self) -> None:
        """The step that raised, once more."""
        await self.subject.adapter.execute(self.at, self.mark)

    async def reconcile(self, known: Baseline) -> Reconciliation:
        return await self.subject.adapter.reconcile(self.at, self.mark, known)

    @property
    def recovery(self) -> Recovery:
        return self.subject.adapter.recovery(self.at)

    async def known(self) -> Baseline:
        """What is there now, as the effect log notes it before a step is sent."""
        adapter, run = self.subject.adapter, self.run
        ids: set[str] = set()
        if run is not None:
            ids = {task.id for task in run.tasks}
            if not isinstance(adapter.capabilities[Op.COMMENTS], Unsupported):
                targets = {None, self.write.target or None}
                ids |= {one.id for task in targets for one in await adapter.comments(run.key.id, task)}
        return Baseline(sent_at=self.mark.at, ids=frozenset(ids))

    async def now(self) -> Run:
        """The run as it is on the platform now."""
        made = next((told.run for told in reversed(self.told) if told.run), None)
        key = made or self.write.run
        assert key is not None
        return await self.subject.adapter.read(key.id)

    def placed(self, step: Write) -> Write:
        """A step goes to the run that the step before it made."""
        made = next((told.run for told in reversed(self.told) if told.run), None)
        return step.model_copy(update={"run": made}) if made and step.run is None else step


async def a_write(subject: Subject, op: Op) -> Doing:
    """One that the platform should execute out, on a fresh run (or, for a start, of the runbook)."""
    if op is Op.START:
        return await a_start(subject)
    if op in (Op.APPROVE, Op.REJECT) and isinstance(subject, Approved):
        run = await subject.a_run_to_approve()
        asked = next(task.id for task in run.tasks if task.approval)
        decision = ApproveTask if op is Op.APPROVE else RejectTask
        return Doing(subject, decision(run=run.key, by=ANA, task=asked), run)
    run = await subject.a_run()
    if op is Op.REOPEN and not isinstance(subject.adapter.capabilities[op], Unsupported):
        done = Doing(subject, _on(run, Op.FINISH), run)
        await done.execute()
        run = await subject.adapter.read(run.key.id)
    if op is Op.ACTION:
        return Doing(subject, await _offered(subject, run), run)
    return Doing(subject, _on(run, op), run)


async def _offered(subject: Subject, run: Run) -> Write:
    """The first thing that is offered and changes something; anything at all where nothing is."""
    found = next((one for one in await subject.adapter.actions(run) if not one.link), None)
    if found is None:
        return PerformAction(run=run.key, by=ANA, action="anything", label="Anything")
    return PerformAction(run=run.key, by=ANA, action=found.id, label="As offered", task=found.task)


async def a_start(subject: Subject, title: str = "R99 Primary down in EU") -> Doing:
    found = await subject.adapter.runbooks(RUNBOOK)
    runbook = next(one for one in found if one.title == RUNBOOK)
    return Doing(subject, StartRun(by=ANA, runbook=runbook.key, title=title, handle=title.split()[0]), None)


def _on(run: Run, op: Op) -> Write:
    """On the run's first task, which is ready (or, to be reopened, done)."""
    key, task = run.key, run.tasks[0].id
    over = next((one.id for one in run.tasks if one.state is TaskState.DONE), task)
    stage = run.stages[0].id if run.stages else None
    writes: tuple[Write, ...] = (
        FinishTask(run=key, by=ANA, task=task),
        BeginTask(run=key, by=ANA, task=task),
        ApproveTask(run=key, by=ANA, task=task),
        RejectTask(run=key, by=ANA, task=task, reason="not needed"),
        SkipTask(run=key, by=ANA, task=task, reason="not needed"),
        HoldTask(run=key, by=ANA, task=task, reason="waiting for the vendor"),
        ReopenTask(run=key, by=ANA, task=over),
        AssignTask(run=key, by=ANA, task=task, person=BEN),
        AddTask(run=key, by=ANA, title=NEW_TASK, stage=stage),
        SetStatus(run=key, by=ANA, health=Health.AMBER, text=TEXT),
        AddComment(run=key, by=ANA, text=TEXT),
        EndRun(run=key, by=ANA, text="all good"),
    )
    return next(write for write in writes if write.op is op)
