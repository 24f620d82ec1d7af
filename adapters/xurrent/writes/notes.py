"""Notes: comments, status updates, and what people say about an approval."""

from collections.abc import Callable
from dataclasses import dataclass

from adapters.errors import Rejected
from adapters.models import Listing
from adapters.toolkit.comments import PostedComment, SignedComments
from adapters.toolkit.guards import Fresh
from adapters.toolkit.steps import reconciles, step
from adapters.writes import (
    AddComment,
    ApproveTask,
    Baseline,
    Reconciliation,
    Recovery,
    RejectTask,
    SetStatus,
    Write,
    WriteMarker,
    WriteResult,
)
from adapters.xurrent import mapping, wire
from adapters.xurrent.api import Api
from adapters.xurrent.text import SIGNER, is_too_long, status_text


@dataclass
class Notes(SignedComments):
    """``api_for`` returns the API that a step is sent with. Declares no steps itself."""

    api_for: Callable[[Write], Api]
    signer = SIGNER

    def text_of(self, step: Write) -> str | None:
        match step:
            case SetStatus():
                return status_text(step)
            case ApproveTask(note=text) | RejectTask(reason=text):
                return text.strip()
        return super().text_of(step)

    def sign(self, step: Write, text: str, marker: WriteMarker) -> str:
        """Raises ``Rejected`` for a text that is too long."""
        signed = super().sign(step, text, marker)
        if is_too_long(signed):
            raise Rejected(self.api_for(step).name, step.op, key="xurrent.text_long", most="64 KB")
        return signed

    async def send_comment(self, step: Write, text: str, marker: WriteMarker) -> PostedComment:
        api = self.api_for(step)
        created = await api.write("POST", _notes_path(api, step), step.op, {"text": text}, wire.CreatedRecord)
        return PostedComment(created.id)

    async def list_comments(self, step: Write, marker: WriteMarker, baseline: Baseline) -> Listing[PostedComment]:
        api = self.api_for(step)
        notes = await api.fetch_list(wire.Note, _notes_path(api, step), step.op)
        return Listing([PostedComment(note.id, note.text or "") for note in notes.items], notes.complete)

    def result(self, step: Write, text: str, marker: WriteMarker, posted: PostedComment) -> WriteResult:
        """Only comments are returned as such: statuses and decisions are shown by themselves."""
        result = super().result(step, text, marker, posted)
        return result if isinstance(step, AddComment) else result.model_copy(update={"comment": None})


class WorkflowNotes(Notes):
    """Notes on tasks and workflows, in the new API."""

    async def read_workflow(self, step: SetStatus) -> Fresh[wire.Workflow]:
        """A workflow that is over takes notes too."""
        api = self.api_for(step)
        path = f"workflows/{api.path_id(step.run_id, step.op)}"
        workflow = await api.fetch(wire.Workflow, path, step.op)
        return Fresh(workflow, run_state=mapping.run_state(workflow))

    @step(AddComment, recovery=Recovery.LOOKUP)
    async def write(self, step: Write, marker: WriteMarker) -> WriteResult:
        return await self.write_comment(step, marker)

    @step(SetStatus, recovery=Recovery.LOOKUP, guard=read_workflow)
    async def write_status(self, step: SetStatus, marker: WriteMarker, fresh: Fresh[wire.Workflow]) -> WriteResult:
        return await self.write_comment(step, marker)

    @reconciles(AddComment, SetStatus)
    async def find(self, step: Write, marker: WriteMarker, baseline: Baseline) -> Reconciliation:
        return await self.find_comment(step, marker, baseline)


class ChangeNotes(Notes):
    """Notes in the old API: a field of a task's PATCH, which can't be read and has no ID."""

    @step(AddComment, recovery=Recovery.MANUAL)
    async def write(self, step: AddComment, marker: WriteMarker) -> WriteResult:
        return await self.write_comment(step, marker)

    async def send_comment(self, step: Write, text: str, marker: WriteMarker) -> PostedComment:
        await self.api_for(step).update_task(step.target, step.op, {"note": text})
        return PostedComment("")


def _notes_path(api: Api, step: Write) -> str:
    if step.target:
        return f"tasks/{api.path_id(step.target, step.op)}/notes"
    return f"workflows/{api.path_id(step.run_id, step.op)}/notes"
