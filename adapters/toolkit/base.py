"""The base class of adapters: it does what every adapter would otherwise repeat.

An adapter reads its platform, says in ``plan`` which requests a write takes, and declares each request as a step
(``adapters.toolkit.steps``) on itself or on the handlers that it passes on. The base class executes and reconciles
by the table of these steps, and checks the table when the adapter connects.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence

from adapters.errors import AdapterError, Rejected, Unsupported
from adapters.http.client import HttpClient
from adapters.models import Comment, Listing, PlatformAction, Run, Runbook, RunbookKey, RunKey, RunSummary, TaskKey
from adapters.protocol import Capability, CheckResult, require_supported, supports
from adapters.results import Baseline, Indeterminate, Reconciliation, Recovery, WriteResult
from adapters.toolkit.sample_writes import sample_writes
from adapters.toolkit.steps import StepTable, StepTableError
from adapters.writes import AddTask, FinishTask, Op, Write, WriteMarker


class PlatformAdapter(ABC):
    """Implements ``adapters.protocol.Adapter``. A subclass calls ``__init__`` last, when its handlers are made."""

    takes_fields: frozenset[Op] = frozenset()  # the operations, besides a start, that set custom fields
    supports_insertion: bool = False  # a new task can be put between others

    def __init__(
        self,
        name: str,
        capabilities: Mapping[Op, Capability],
        *handlers: object,
        http: HttpClient | None = None,
    ) -> None:
        """``capabilities`` and ``handlers`` are those of this instance: both may depend on its settings.

        With ``http``, a write fails at once while the platform's rate limit is used up, where its own reads would
        wait. Raises ``StepTableError`` where declarations and capabilities do not fit together.
        """
        self.name = name
        self._capabilities = capabilities
        self._http = http
        self._steps = StepTable(type(self).__name__, (self, *handlers))
        self._steps.check(capabilities)
        self._check_plans()

    @property
    def capabilities(self) -> Mapping[Op, Capability]:
        """Override it where a server is found out to know less, or more, than was assumed."""
        return self._capabilities

    # Reading

    @abstractmethod
    async def runbooks(self, query: str, /) -> Listing[Runbook]: ...

    @abstractmethod
    async def runbook(self, id: str, /) -> Runbook: ...

    @abstractmethod
    async def runs(self, query: str, /) -> Listing[RunSummary]: ...

    @abstractmethod
    async def read(self, id: str, /) -> Run: ...

    @abstractmethod
    async def comments(self, id: str, task: str | None, /) -> Sequence[Comment]: ...

    @abstractmethod
    async def check(self) -> Sequence[CheckResult]: ...

    async def actions(self, run: Run, /) -> Sequence[PlatformAction]:
        return ()

    def parse_link(self, url: str, /) -> RunKey | TaskKey | RunbookKey | None:
        return None

    # Writing

    def plan(self, write: Write, run: Run | None) -> Sequence[Write]:
        """The steps of a supported write, in order: ``write`` itself, or parts of it (``write.as_part``).

        It sends nothing. May raise ``Conflict`` or ``Rejected`` where ``run``, as last read, already forbids it.
        """
        return [write]

    def steps(self, write: Write, run: Run | None, /) -> Sequence[Write]:
        require_supported(self.name, self.capabilities, write.op)
        self._require_branch(write, run)
        if write.fields and write.op not in (Op.START, *self.takes_fields):
            raise Rejected(self.name, write.op, key="changed.no_fields", fields=", ".join(write.fields))
        if isinstance(write, AddTask) and (write.after or write.before) and not self.supports_insertion:
            raise Rejected(self.name, write.op, key="add.no_places")
        return [self._steps.require(step) for step in self.plan(write, run)]

    def recovery(self, step: Write, /) -> Recovery:
        declared = self._steps.find(step)
        return declared.recovery(step) if declared else Recovery.MANUAL

    async def execute(self, step: Write, marker: WriteMarker, /) -> WriteResult:
        declared = self._steps.find(step)
        if declared is None:  # logged under other settings, or by another version
            raise Unsupported(self.name, step.op)
        if self._http is not None:
            self._http.require_not_limited(step.op)
        return await declared.execute(self.name, step, marker)

    async def reconcile(self, step: Write, marker: WriteMarker, baseline: Baseline, /) -> Reconciliation:
        declared = self._steps.find(step)
        if declared is None or declared.reconcile is None or declared.recovery(step) is Recovery.MANUAL:
            return Indeterminate()
        return await declared.reconcile(step, marker, baseline)

    def _require_branch(self, write: Write, run: Run | None) -> None:
        """``--then`` is only for a task that leads to a choice of tasks. Elsewhere it would be lost."""
        if not isinstance(write, FinishTask) or write.then is None:
            return
        task = run.task(write.task) if run else None
        if task is not None and write.then not in task.branches:
            raise Rejected(self.name, write.op, key="changed.no_branches", task=task.title)

    def _check_plans(self) -> None:
        """Plans a write of every kind, with and without texts: an undeclared part fails now, not later.

        A text that is written again appears twice, so no step that carries one is ``IDEMPOTENT``.
        """
        for write, run in sample_writes(self.name):
            if not supports(self.capabilities, write.op):
                continue
            try:
                steps = self.steps(write, run)
            except AdapterError:
                continue  # a plan may refuse a write
            recoveries = {self.recovery(step) for step in steps}
            if write.words and recoveries == {Recovery.IDEMPOTENT}:
                adapter, kind = type(self).__name__, type(write).__name__
                raise StepTableError(f"{adapter}: the text of {kind} is in a step that is declared IDEMPOTENT")
