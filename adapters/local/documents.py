"""The documents of runs in Liaison's store, and how one is changed: loaded, changed and saved whole.

A document remembers the steps that it holds. A step that is sent again, because the process died between saving
and noting that it was done, is found there and changes nothing. Writes to one run wait for each other; what
another process has changed meanwhile is loaded again.
"""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Generic, TypeVar
from weakref import WeakValueDictionary

from pydantic import ValidationError

from adapters.deadline import DeadlinePassed
from adapters.errors import BadResponse, Conflict, NotFound, Unreachable
from adapters.local import mapping
from adapters.local.text import message
from adapters.local.wire import AppliedStep, Document
from adapters.models import RunHealth
from adapters.protocol import LocalRuns
from adapters.results import Applied, NotApplied, Reconciliation, WriteResult
from adapters.writes import AddComment, AddTask, EndRun, Op, SetStatus, StartRun, TaskWrite, Write, WriteMarker

W = TypeVar("W", bound=Write)


@dataclass(frozen=True, slots=True)
class Edit(Generic[W]):
    """One step on one document. ``by`` and ``now`` say who and when."""

    document: Document
    step: W
    by: str
    now: datetime


@dataclass(frozen=True, slots=True)
class Change:
    """The document after an edit. ``created`` is the id of the task or comment that it added."""

    document: Document
    created: str = ""
    already: bool = False


@dataclass
class Documents:
    """Raises ``Unreachable`` while ``disconnected``, as a broken network would make every call do."""

    platform: str
    runs: LocalRuns
    now: Callable[[], datetime]
    disconnected: bool = False
    _locks: WeakValueDictionary[str, asyncio.Lock] = field(default_factory=WeakValueDictionary)

    def require_connected(self, op: Op) -> None:
        if self.disconnected:
            raise Unreachable(self.platform, op.value, said=message("health_check.cut_off", name=self.platform))

    def lock(self, id: str) -> AbstractAsyncContextManager[None]:
        return self._locks.setdefault(id, asyncio.Lock())

    async def all(self) -> Sequence[tuple[str, Document | None]]:
        """(id, document) of every run in the store; None for a document that cannot be read."""
        return await asyncio.to_thread(_parse_all, await self.runs.all())

    async def active(self) -> Sequence[Document]:
        """Those of this platform that can be read and are not over, newest first."""
        found = await asyncio.to_thread(_parse_all, await self.runs.active())
        documents = [document for _, document in found if document is not None and not document.state.is_over]
        return [document for document in documents if document.platform == self.platform]

    async def find(self, id: str, op: Op) -> Document | None:
        return (await self._find(id, op))[1]

    async def load(self, id: str, op: Op) -> Document:
        return (await self._load(id, op))[1]

    async def _load(self, id: str, op: Op) -> tuple[str | None, Document]:
        """As it is stored, and parsed."""
        text, document = await self._find(id, op)
        if document is None:
            raise NotFound(self.platform, op.value, key="local.no_run", run=id)
        return text, document

    async def _find(self, id: str, op: Op) -> tuple[str | None, Document | None]:
        self.require_connected(op)
        text = await self.runs.load(id)
        if text is None:
            return None, None
        document = _parse(text)
        if document is None:
            raise BadResponse(self.platform, op.value, said=message("label.run_unreadable", run=id))
        return text, document if document.platform == self.platform else None

    async def save(
        self,
        document: Document,
        step: Write,
        marker: WriteMarker,
        created: str = "",
        *,
        replaces: str | None = None,
    ) -> Document | None:
        """Saves it with a note that it holds ``step``. None if ``replaces`` is not what is stored any more."""
        note = AppliedStep(
            code=marker.code,
            step=step.step_key,
            who=marker.who,
            at=marker.at,
            digest=mapping.digest(step),
            created=created,
        )
        document = document.model_copy(update={"applied": (*document.applied, note)})
        try:
            is_saved = await self.runs.save(
                document.id, document.model_dump_json(), over=document.state.is_over, replaces=replaces
            )
        except DeadlinePassed as error:
            raise Unreachable(self.platform, step.op.value, said=str(error)) from error
        return document if is_saved else None

    async def change(self, step: W, marker: WriteMarker, change: Callable[[Edit[W]], Change]) -> WriteResult:
        """Applies ``change`` unless the document holds the step already. Raises what ``change`` raises."""
        async with self.lock(step.run_id):
            while True:
                text, document = await self._load(step.run_id, step.op)
                applied = applied_step(document, step, marker)
                if applied is not None:
                    return self.result(document, step, applied.created)
                _require_running(document, step)
                changed = change(Edit(document, step, mapping.who(step, marker), self.now()))
                if changed.already:
                    return self.result(document, step, already=True)
                saved = await self.save(changed.document, step, marker, changed.created, replaces=text)
                if saved is not None:
                    return self.result(saved, step, changed.created)

    async def find_step(self, step: Write, id: str, marker: WriteMarker) -> Reconciliation:
        """Whether the document of run ``id`` holds ``step``."""
        async with self.lock(id):
            document = await self.find(id, step.op)
        applied = applied_step(document, step, marker) if document else None
        return Applied(self.result(document, step, applied.created)) if document and applied else NotApplied()

    def result(self, document: Document, step: Write, created: str = "", *, already: bool = False) -> WriteResult:
        run = mapping.run(document, self.now())
        changed = step.task if isinstance(step, TaskWrite) else created if isinstance(step, AddTask) else ""
        task = run.task(changed) if changed else None
        status = RunHealth(
            health=run.health, text=run.health_text, by=run.health_by, at=run.health_at, due=run.update_due
        )
        return WriteResult(
            run=run.key if isinstance(step, StartRun) else None,
            id=created if isinstance(step, AddTask | AddComment) else "",
            snapshot=run,
            tasks=(task,) if task else (),
            state=run.state,
            health=status if isinstance(step, SetStatus) else None,
            comment=next((comment for comment in run.comments if comment.id == created), None),
            already=already,
        )


def applied_step(document: Document, step: Write, marker: WriteMarker) -> AppliedStep | None:
    """The note of this very step, if the document holds it (``AppliedStep`` says why the code is not enough)."""
    digest = mapping.digest(step)
    key = (marker.code, step.step_key, marker.who)
    return next(
        (
            applied
            for applied in document.applied
            if (applied.code, applied.step, applied.who) == key
            and (applied.at == marker.at or applied.digest == digest)
        ),
        None,
    )


def _require_running(document: Document, step: Write) -> None:
    """Ending an ended run is as asked: it stays ended by whoever ended it."""
    if document.state.is_over:
        raise Conflict(
            document.platform,
            step.op,
            already=isinstance(step, EndRun),
            for_good=True,
            key="local.ended",
            run=document.title,
            by=document.ended_by,
            at=document.ended_at,
        )


def _parse_all(texts: Sequence[tuple[str, str]]) -> list[tuple[str, Document | None]]:
    return [(id, _parse(text)) for id, text in texts]


def _parse(text: str) -> Document | None:
    try:
        return Document.model_validate_json(text)
    except ValidationError:
        return None
