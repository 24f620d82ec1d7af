"""The local platform: runbooks are Markdown files in a folder, runs are documents in Liaison's own store.

There is no network, but the contract is the same. Each write loads its run, changes it and saves it whole,
one at a time a run; the document remembers which steps it holds. So a step that comes again, because the
process died between the save and the note that it was done, finds itself there and does nothing.
"""

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from weakref import WeakValueDictionary

from pydantic import BaseModel, Field, ValidationError

from adapters.errors import AdapterError, BadResponse, NotFound, Rejected, Unreachable
from adapters.local import health as doctor
from adapters.local import mapping
from adapters.local.folder import Folder, RunbookFile
from adapters.local.text import told
from adapters.local.wire import AppliedStep, Document
from adapters.local.writes import change
from adapters.models import (
    Comment,
    PlatformAction,
    Run,
    Runbook,
    RunbookKey,
    RunHealth,
    RunKey,
    RunSummary,
    TaskKey,
)
from adapters.protocol import (
    NO_APPROVALS,
    Capability,
    CheckResult,
    CheckStatus,
    Native,
    Resources,
    require_supported,
)
from adapters.protocol import Unsupported as NotOffered
from adapters.writes import (
    AddComment,
    AddTask,
    Applied,
    Baseline,
    NotApplied,
    Op,
    Reconciliation,
    Recovery,
    SetStatus,
    StartRun,
    TaskWrite,
    Write,
    WriteMarker,
    WriteResult,
)

CAPABILITIES: Mapping[Op, Capability] = {
    **{op: Native() for op in Op},
    Op.ACTION: NotOffered("write it into the runbook as a task"),
    **NO_APPROVALS,
}


class LocalSettings(BaseModel):
    """``path``: the folder of Markdown runbooks; a relative one counts from the settings file's folder."""

    path: Path = Field(default=Path("runbooks"), description="the folder of Markdown runbooks")


class LocalAdapter:
    """``down`` cuts the platform off, as a broken network would: every call raises ``Unreachable``."""

    def __init__(self, name: str, settings: LocalSettings, resources: Resources) -> None:
        self.down = False
        self._name = name
        self._folder = Folder(settings.path.expanduser())
        self._runs = resources.local_runs
        self._now = resources.now
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    @property
    def name(self) -> str:
        return self._name

    @property
    def capabilities(self) -> Mapping[Op, Capability]:
        return CAPABILITIES

    async def runbooks(self, words: str) -> Sequence[Runbook]:
        """Every file, also those that cannot be started as they are: a start says what is wrong."""
        self._reach(Op.RUNBOOKS)
        files = await asyncio.to_thread(self._folder.files)
        titles = Counter(file.procedure.title.casefold() for file in files)
        return [
            mapping.runbook(self._name, file, twin=titles[file.procedure.title.casefold()] > 1) for file in files
        ]

    async def runbook(self, id: str) -> Runbook:
        """Raises ``Rejected`` with the line and the title when the file cannot be started as it is."""
        return mapping.runbook(self._name, await self._sound_file(id, Op.SHOW))

    async def runs(self, words: str) -> Sequence[RunSummary]:
        """A document that cannot be read is left out here; ``check`` names it."""
        self._reach(Op.RUNS)
        documents = [_parsed(text) for _, text in await self._runs.all()]
        return [
            mapping.head(document)
            for document in documents
            if document is not None and document.platform == self._name and not document.state.is_over
        ]

    async def read(self, id: str) -> Run:
        return mapping.run(await self._document(id, Op.SHOW), self._now())

    async def comments(self, id: str, task: str | None) -> Sequence[Comment]:
        return mapping.comments(await self._document(id, Op.COMMENTS), task)

    async def actions(self, run: Run) -> Sequence[PlatformAction]:
        return ()

    def steps(self, write: Write, run: Run | None) -> Sequence[Write]:
        """One each. Nothing is judged by the snapshot: ``carry`` sees the run itself, and costs nothing."""
        require_supported(self._name, CAPABILITIES, write.op)
        return (write,)

    def recovery(self, step: Write) -> Recovery:
        """All may be sent again, a start too: the document knows the steps it holds."""
        return Recovery.IDEMPOTENT

    async def execute(self, step: Write, mark: WriteMarker) -> WriteResult:
        self._reach(step.op)
        id = self._run_id(step, mark)
        async with self._lock(id):
            if isinstance(step, StartRun):
                return await self._start(id, step, mark)
            document = await self._document(id, step.op)
            applied = _applied(document, step, mark)
            if applied is not None:
                return self._told(document, step, applied.made)
            result = change(document, step, mark, self._now())
            if result.already:
                return self._told(document, step, already=True)
            receipt = _receipt(step, mark, result.made)
            document = result.document.model_copy(update={"applied": (*document.applied, receipt)})
            await self._save(document)
            return self._told(document, step, result.made)

    async def reconcile(self, step: Write, mark: WriteMarker, known: Baseline) -> Reconciliation:
        self._reach(step.op)
        id = self._run_id(step, mark)
        async with self._lock(id):
            try:
                document = await self._document(id, step.op)
            except NotFound:
                return NotApplied()
        applied = _applied(document, step, mark)
        return NotApplied() if applied is None else Applied(self._told(document, step, applied.made))

    def parse_link(self, url: str) -> RunKey | TaskKey | RunbookKey | None:
        """Local runs have no address."""
        return None

    async def check(self) -> Sequence[CheckResult]:
        try:
            self._reach(Op.RUNBOOKS)
        except Unreachable as error:
            return [CheckResult(status=CheckStatus.FIX, summary=error.said, fix="Type :up in the console.")]
        files = await asyncio.to_thread(self._folder.files)
        unread = [id for id, text in await self._runs.all() if _parsed(text) is None]
        setting = f"[platforms.{self._name}] path"
        return [
            doctor.folder_line(self._folder.path, setting, files),
            *doctor.file_lines(files),
            *doctor.twin_lines(files),
            *doctor.run_lines(unread),
        ]

    def _reach(self, op: Op) -> None:
        if self.down:
            raise Unreachable(self._name, op.value, said=f"{self._name} is cut off")

    def _lock(self, id: str) -> asyncio.Lock:
        return self._locks.setdefault(id, asyncio.Lock())

    def _run_id(self, step: Write, mark: WriteMarker) -> str:
        if isinstance(step, StartRun):
            return mapping.run_id(self._name, step, mark)
        return step.run_id

    async def _start(self, id: str, start: StartRun, mark: WriteMarker) -> WriteResult:
        text = await self._runs.load(id)
        if text is not None:
            return self._told(self._read(id, text, Op.START), start)
        file = await self._sound_file(start.runbook.id, Op.START)
        known = mapping.values_asked(file)
        for name in start.options:
            if name not in known:
                key = "local.no_value" if known else "local.no_values"
                asked = ", ".join(known)
                raise Rejected(self._name, "start", key=key, name=name, file=file.id, known=asked)
        document = mapping.document(self._name, file, start, mark, self._now())
        document = document.model_copy(update={"applied": (_receipt(start, mark, ""),)})
        await self._save(document)
        return self._told(document, start)

    async def _sound_file(self, id: str, op: Op) -> RunbookFile:
        self._reach(op)
        file = await asyncio.to_thread(self._folder.file, id)
        if file is None:
            raise NotFound(self._name, op.value, key="local.no_runbook", file=id)
        if file.procedure.fatal:
            raise self._broken(file, op)
        return file

    def _broken(self, file: RunbookFile, op: Op) -> AdapterError:
        troubles = file.procedure.fatal
        reasons = tuple(" ".join(told(trouble, file.id)) for trouble in troubles)
        facts: dict[str, Any] = {**troubles[0].facts, "file": file.id}
        return Rejected(self._name, op.value, key=troubles[0].key, reasons=reasons, **facts)

    async def _document(self, id: str, op: Op) -> Document:
        self._reach(op)
        text = await self._runs.load(id)
        if text is None:
            raise NotFound(self._name, op.value, key="local.no_run", run=id)
        return self._read(id, text, op)

    def _read(self, id: str, text: str, op: Op) -> Document:
        document = _parsed(text)
        if document is None:
            raise BadResponse(self._name, op.value, said=f"the document of run {id} cannot be read")
        if document.platform != self._name:
            raise NotFound(self._name, op.value, key="local.no_run", run=id)
        return document

    async def _save(self, document: Document) -> None:
        await self._runs.save(document.id, document.model_dump_json())

    def _told(self, document: Document, step: Write, made: str = "", *, already: bool = False) -> WriteResult:
        run = mapping.run(document, self._now())
        touched = step.task if isinstance(step, TaskWrite) else made if isinstance(step, AddTask) else None
        task = run.task(touched) if touched else None
        said = next((comment for comment in run.comments if comment.id == made), None)
        status = isinstance(step, SetStatus)
        note = RunHealth(
            health=run.health, text=run.health_text, by=run.health_by, at=run.health_at, due=run.update_due
        )
        return WriteResult(
            run=run.key if isinstance(step, StartRun) else None,
            id=made if isinstance(step, AddTask | AddComment) else "",
            snapshot=run,
            tasks=(task,) if task else (),
            state=run.state,
            health=note if status else None,
            comment=said,
            already=already,
        )


def _parsed(text: str) -> Document | None:
    try:
        return Document.model_validate_json(text)
    except ValidationError:
        return None


def _receipt(step: Write, mark: WriteMarker, made: str) -> AppliedStep:
    return AppliedStep(
        code=mark.code, step=step.step_key, who=mark.who, at=mark.at, digest=mapping.digest(step), made=made
    )


def _applied(document: Document, step: Write, mark: WriteMarker) -> AppliedStep | None:
    """The receipt of this very step, if the document holds it (see ``AppliedStep`` for why the code is not enough)."""
    digest = mapping.digest(step)
    return next(
        (
            held
            for held in document.applied
            if (held.code, held.step, held.who) == (mark.code, step.step_key, mark.who)
            and (held.at == mark.at or held.digest == digest)
        ),
        None,
    )
