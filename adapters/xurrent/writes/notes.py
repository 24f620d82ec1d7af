"""Notes: comments, status updates, and what people say when they change a task.

In the new API a note is a record of its own, which is sent after the change that it is about, and found again by
its code. In the old one it is a field of the task's PATCH, which can't be read: there the two are one request.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from adapters.errors import OPTIONAL_READ_ERRORS, Rejected
from adapters.models import Health, Listing
from adapters.results import Applied, Baseline, NotApplied, Reconciliation, Recovery, WriteResult
from adapters.toolkit.comments import PostedComment, SignedComments
from adapters.toolkit.guards import Fresh, Guard
from adapters.toolkit.steps import reconciles, step
from adapters.toolkit.timestamps import parse_timestamp
from adapters.writes import (
    NOTE,
    AddComment,
    EndRun,
    FinishTask,
    HoldTask,
    PerformAction,
    SetStatus,
    SkipTask,
    Write,
    WriteMarker,
)
from adapters.xurrent import mapping, wire
from adapters.xurrent.api import Api
from adapters.xurrent.text import SIGNER, is_too_long, status_text

DEFAULT_WORDS = {"fail": "Reported as failed from chat", "decline": "Declined from chat"}
NOTE_NEEDED = "xurrent.note_needed"
SAID_A_MOMENT_AGO = timedelta(hours=1)


@dataclass
class Notes(SignedComments):
    """``api_for`` returns the API that a step is sent with. Declares no steps itself."""

    api_for: Callable[[Write], Api]
    itrp: bool = False
    signer = SIGNER
    _changed_without: set[tuple[str, str, datetime]] = field(default_factory=set, init=False)
    """Changes that this process made without their words, so that these need not be looked for."""

    def plan(self, write: Write) -> Sequence[Write]:
        """The change, and the words about it as a step of their own. Raises ``Rejected`` if these are too long."""
        self._require_short(write, self.words(write))
        return [write, write.as_part(NOTE)] if self.words(write) and not self.itrp else [write]

    def words(self, step: Write) -> str:
        """What is said about a change of a task."""
        if isinstance(step, PerformAction):
            return step.words.strip() or DEFAULT_WORDS.get(step.action.partition(":")[0], "")
        return step.words.strip()

    def recovery(self, step: Write) -> Recovery:
        """A state can be set again, but words in the same request would be written again."""
        return Recovery.LOOKUP if self.itrp and self.words(step) else Recovery.IDEMPOTENT

    async def update_task(self, step: Write, body: Mapping[str, Any], marker: WriteMarker) -> wire.Task | None:
        """The PATCH of a change. Its words come along only where the task can't be changed without them.

        The server says so by refusing the change, and nothing else ("Tasks", note behavior).
        """
        api, words = self.api_for(step), self.words(step)
        if not (words and self.itrp):
            try:
                updated = await api.update_task(step.target, step.op, body)
            except Rejected as error:
                if not words or error.key != NOTE_NEEDED:
                    raise
            else:
                if words:
                    self._changed_without.add(_words_key(step, marker))
                return updated
        return await api.update_task(step.target, step.op, {**body, "note": self.sign(step, words, marker)})

    async def write_words(self, step: Write, marker: WriteMarker) -> WriteResult:
        """Unless they came along with the change, which their code shows."""
        key = _words_key(step, marker)
        if key not in self._changed_without:
            try:
                found = await self.find_comment(step, marker, Baseline(sent_at=marker.at))
            except OPTIONAL_READ_ERRORS:  # notes may be written, but not read
                found = NotApplied()
            if isinstance(found, Applied):
                return found.result
        self._changed_without.discard(key)
        return await self.write_comment(step, marker)

    def text_of(self, step: Write) -> str | None:
        match step:
            case SetStatus():
                return status_text(step)
            case AddComment(text=text) | EndRun(text=text):
                return text
        return self.words(step)

    def sign(self, step: Write, text: str, marker: WriteMarker) -> str:
        """Raises ``Rejected`` for a text that is too long."""
        signed = super().sign(step, text, marker)
        self._require_short(step, signed)
        return signed

    def _require_short(self, step: Write, text: str) -> None:
        if is_too_long(text):
            raise Rejected(self.api_for(step).name, step.op, key="xurrent.text_long", most="64 KB")

    async def send_comment(self, step: Write, text: str, marker: WriteMarker) -> PostedComment:
        api = self.api_for(step)
        created = await api.write("POST", _notes_path(api, step), step.op, {"text": text}, wire.CreatedRecord)
        return PostedComment(created.id)

    async def list_comments(self, step: Write, marker: WriteMarker, baseline: Baseline) -> Listing[PostedComment]:
        api = self.api_for(step)
        notes = await api.fetch_list(wire.Note, _notes_path(api, step), step.op)
        return Listing([PostedComment(note.id, note.text or "") for note in notes.items], notes.complete)

    def result(self, step: Write, text: str, marker: WriteMarker, posted: PostedComment) -> WriteResult:
        """Only comments are returned as such: statuses and decisions are shown by themselves. The colour of
        a status is only text there, and is not read from it."""
        result = super().result(step, text, marker, posted)
        if isinstance(step, AddComment):
            return result
        health = result.health and result.health.model_copy(update={"health": Health.UNSET})
        return result.model_copy(update={"comment": None, "health": health})


class WorkflowNotes(Notes):
    """Notes on tasks and workflows, in the new API."""

    async def read_workflow(self, step: SetStatus | EndRun) -> Fresh[wire.Workflow]:
        """A workflow that is over takes notes too."""
        api = self.api_for(step)
        path = f"workflows/{api.path_id(step.run_id, step.op)}"
        workflow = await api.fetch(wire.Workflow, path, step.op)
        return Fresh(workflow, run_state=mapping.run_state(workflow))

    @step(AddComment, recovery=Recovery.LOOKUP)
    async def write(self, step: Write, marker: WriteMarker) -> WriteResult:
        return await self.write_comment(step, marker)

    @step(
        *(FinishTask, SkipTask, HoldTask, PerformAction),
        part=NOTE,
        recovery=Recovery.LOOKUP,
        guard=Guard.EARLIER_STEP,
    )
    async def write_about_change(self, step: Write, marker: WriteMarker) -> WriteResult:
        return await self.write_words(step, marker)

    @step(SetStatus, recovery=Recovery.LOOKUP, guard=read_workflow)
    async def write_status(self, step: SetStatus, marker: WriteMarker, fresh: Fresh[wire.Workflow]) -> WriteResult:
        return await self.write_comment(step, marker)

    @step(EndRun, part=NOTE, recovery=Recovery.LOOKUP, guard=read_workflow)
    async def write_last_words(
        self, step: EndRun, marker: WriteMarker, fresh: Fresh[wire.Workflow]
    ) -> WriteResult:
        """Unless the same person said them a moment ago: an end that was refused midway is tried again with its
        words, and others may have written notes in between."""
        api = self.api_for(step)
        notes = (await api.fetch_list(wire.Note, _notes_path(api, step), step.op, pages=1)).items
        if any(_says_again(note, step.text, marker) for note in notes):
            return WriteResult(already=True)
        return await self.write_comment(step, marker)

    @reconciles(AddComment, SetStatus)
    @reconciles(EndRun, part=NOTE)
    @reconciles(FinishTask, SkipTask, HoldTask, PerformAction, part=NOTE)
    async def find(self, step: Write, marker: WriteMarker, baseline: Baseline) -> Reconciliation:
        return await self.find_comment(step, marker, baseline)


def _says_again(note: wire.Note, text: str, marker: WriteMarker) -> bool:
    """Whether Liaison wrote this note within the last hour, with the same text by the same person."""
    said, at = SIGNER.read(note.text or ""), parse_timestamp(note.created_at)
    is_recent = at is None or marker.at - at < SAID_A_MOMENT_AGO
    return is_recent and (said.text, said.by) == (text.strip(), marker.who)


def _notes_path(api: Api, step: Write) -> str:
    if step.target:
        return f"tasks/{api.path_id(step.target, step.op)}/notes"
    return f"workflows/{api.path_id(step.run_id, step.op)}/notes"


def _words_key(step: Write, marker: WriteMarker) -> tuple[str, str, datetime]:
    return step.op.value, step.target, marker.at
