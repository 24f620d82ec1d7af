"""Starting a run: the runbook's file is copied into a document, so that changing the file later changes no run."""

import asyncio
from dataclasses import dataclass
from typing import Any

from adapters.errors import NotFound, Rejected
from adapters.local import mapping
from adapters.local.documents import Documents
from adapters.local.folder import RunbookFile
from adapters.local.library import Library
from adapters.local.text import problem_text
from adapters.results import Baseline, Reconciliation, Recovery, WriteResult
from adapters.toolkit.steps import reconciles, step
from adapters.writes import Op, StartRun, WriteMarker


@dataclass
class Start:
    library: Library
    documents: Documents

    @step(StartRun, recovery=Recovery.IDEMPOTENT)
    async def start(self, step: StartRun, marker: WriteMarker) -> WriteResult:
        """A start that comes again finds its run: the id follows from the step and its marker."""
        id = mapping.run_id(self.documents.platform, step, marker)
        async with self.documents.lock(id):
            document = await self.documents.find(id, Op.START)
            if document is None:
                file = await self.startable_file(step.runbook.id, Op.START)
                self._check_options(file, step)
                document = mapping.document(self.documents.platform, file, step, marker, self.documents.now())
                saved = await self.documents.save(document, step, marker)
                document = saved or await self.documents.load(id, Op.START)
        return self.documents.result(document, step)

    @reconciles(StartRun)
    async def find(self, step: StartRun, marker: WriteMarker, baseline: Baseline) -> Reconciliation:
        return await self.documents.find_step(step, mapping.run_id(self.documents.platform, step, marker), marker)

    async def startable_file(self, id: str, op: Op) -> RunbookFile:
        """Raises ``Rejected`` with the line and the title where a file cannot be started as it is."""
        self.documents.require_connected(op)
        file = await asyncio.to_thread(self.library.file, id)
        if file is None:
            raise NotFound(self.documents.platform, op.value, key="local.no_runbook", file=id)
        problems = file.procedure.fatal
        if problems:
            reasons = tuple(" ".join(problem_text(problem, file.id)) for problem in problems)
            facts: dict[str, Any] = {**problems[0].facts, "file": file.id}
            raise Rejected(self.documents.platform, op.value, key=problems[0].key, reasons=reasons, **facts)
        return file

    def _check_options(self, file: RunbookFile, step: StartRun) -> None:
        asked = mapping.values_asked(file)
        for name, value in step.options.items():
            facts: dict[str, Any] = {"name": name, "file": file.id, "known": ", ".join(asked)}
            if name not in asked:
                raise Rejected(
                    self.documents.platform, "start", key="local.no_value" if asked else "local.no_values", **facts
                )
            if asked[name].refuses(value):
                facts |= {
                    "value": value,
                    "options": ", ".join(asked[name].options),
                    "pattern": asked[name].pattern,
                }
                key = "local.not_an_option" if asked[name].options else "local.not_as_pattern"
                raise Rejected(self.documents.platform, "start", key=key, **facts)
