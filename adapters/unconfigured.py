"""Stands for a platform that was taken out of the settings, or renamed there, while it still has runs of ours.

Those runs are shown as they were last read. Everything else raises ``NotConfigured``.
"""

from collections.abc import Mapping, Sequence
from typing import NoReturn

from adapters.errors import NotConfigured
from adapters.models import Comment, Listing, PlatformAction, Run, Runbook, RunbookKey, RunKey, RunSummary, TaskKey
from adapters.protocol import Adapter, Capability, CheckResult, Unsupported
from adapters.results import Baseline, Reconciliation, Recovery, WriteResult
from adapters.writes import Op, Write, WriteMarker

_CAPABILITIES: Mapping[Op, Capability] = {op: Unsupported("platform.not_configured_capability") for op in Op}


def adapter_named(platforms: Mapping[str, Adapter], name: str) -> Adapter:
    """The adapter with this NAME, also if it is not configured any more."""
    adapter = platforms.get(name)
    return UnconfiguredAdapter(name) if adapter is None else adapter


class UnconfiguredAdapter:
    def __init__(self, name: str) -> None:
        self.name = name

    @property
    def capabilities(self) -> Mapping[Op, Capability]:
        return _CAPABILITIES

    async def runbooks(self, query: str, /) -> Listing[Runbook]:
        self._refuse(Op.RUNBOOKS)

    async def runbook(self, id: str, /) -> Runbook:
        self._refuse(Op.SHOW)

    async def runs(self, query: str, /) -> Listing[RunSummary]:
        self._refuse(Op.RUNS)

    async def read(self, id: str, /) -> Run:
        self._refuse(Op.SHOW)

    async def comments(self, id: str, task: str | None, /) -> Sequence[Comment]:
        self._refuse(Op.COMMENTS)

    async def actions(self, run: Run, /) -> Sequence[PlatformAction]:
        self._refuse(Op.ACTION)

    def steps(self, write: Write, run: Run | None, /) -> Sequence[Write]:
        self._refuse(write.op)

    def recovery(self, step: Write, /) -> Recovery:
        return Recovery.MANUAL

    async def execute(self, step: Write, marker: WriteMarker, /) -> WriteResult:
        self._refuse(step.op)

    async def reconcile(self, step: Write, marker: WriteMarker, baseline: Baseline, /) -> Reconciliation:
        self._refuse(step.op)

    def parse_link(self, url: str, /) -> RunKey | TaskKey | RunbookKey | None:
        return None

    async def check(self) -> Sequence[CheckResult]:
        return []

    def _refuse(self, op: Op) -> NoReturn:
        raise NotConfigured(self.name, op.value)
