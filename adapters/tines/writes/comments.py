"""Comments on a case: what people type, what a task has no field for, and who changed a task.

Requests that change a task have no author (Tines API, Case tasks, Update), so a comment that has one follows each.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from adapters.errors import OPTIONAL_READ_ERRORS
from adapters.models import Comment, Listing
from adapters.results import Baseline, Reconciliation, Recovery, WriteResult
from adapters.tines import mapping, timeline, wire
from adapters.tines import text as texts
from adapters.tines.api import Api
from adapters.tines.people import People
from adapters.tines.writes.tasks import TaskWrites
from adapters.tines.writes.views import ReadTask, TaskViews
from adapters.toolkit.comments import PostedComment, SignedComments
from adapters.toolkit.guards import Fresh, Guard, with_race
from adapters.toolkit.steps import reconciles, step
from adapters.toolkit.timestamps import parse_timestamp
from adapters.writes import (
    AddComment,
    AssignTask,
    BeginTask,
    EndRun,
    FinishTask,
    HoldTask,
    ReopenTask,
    SetStatus,
    SkipTask,
    Write,
    WriteMarker,
)

NOTE = "note"  # the part that says who did what the part before it did
MAX_COMMENTS = 20


@dataclass
class CommentWrites(SignedComments):
    api: Api
    people: People
    tasks: TaskWrites
    views: TaskViews
    signer = texts.SIGNER

    async def recent(self, case: str, task: str | None) -> Sequence[Comment]:
        """Those of a run are shown with what else happened in the case."""
        if task is not None:
            found = (await self.api.comments(case, "comments")).items
            comments = await self._readable(found)
            return [comment for comment in comments if comment.task == task][-MAX_COMMENTS:]
        listed, activities = await asyncio.gather(
            self.api.recent_comments(case, "comments"), self._recent_activities(case)
        )
        comments = await self._readable(listed)
        activities = [item for item in activities if item.id not in {comment.id for comment in comments}]
        told = timeline.entries(activities, comments, self.views.titles(case))
        return sorted([*comments, *told], key=_time)[-MAX_COMMENTS:]

    async def _recent_activities(self, case: str) -> Sequence[wire.Activity]:
        """Empty where the key cannot see the history."""
        try:
            return await self.api.recent_activities(case, "comments")
        except OPTIONAL_READ_ERRORS:
            return ()

    async def _readable(self, items: Sequence[wire.Comment]) -> Sequence[Comment]:
        """With people's names where they are mentioned."""
        mentioned = {id for item in items for id in texts.mentioned_ids(item.value)}
        names = await self.people.names(mentioned, "comments") if mentioned else {}
        return [mapping.comment(item, self.people.own_user, names) for item in items]

    async def read_task(self, step: HoldTask) -> Fresh[ReadTask]:
        return await self.tasks.read_task(step)

    @step(AddComment, recovery=Recovery.LOOKUP)
    async def comment(self, step: AddComment, marker: WriteMarker) -> WriteResult:
        """It goes to the case, so Tines would take it for a task that was deleted too."""
        if step.target:
            await self.api.task(step.run_id, step.target, step.op.value)
        return await self.write_comment(step, marker)

    @step(SetStatus, recovery=Recovery.LOOKUP, guard=Guard.EARLIER_STEP)
    @step(
        *(FinishTask, SkipTask, BeginTask, ReopenTask, AssignTask, EndRun),
        part=NOTE,
        recovery=Recovery.LOOKUP,
        guard=Guard.EARLIER_STEP,
    )
    async def write(self, step: Write, marker: WriteMarker) -> WriteResult:
        return await self.write_comment(step, marker)

    @step(HoldTask, recovery=Recovery.LOOKUP, guard=read_task)
    async def hold(self, step: HoldTask, marker: WriteMarker, fresh: Fresh[ReadTask]) -> WriteResult:
        return await with_race(step, await self.write_comment(step, marker), self.tasks.read_after)

    @reconciles(AddComment, HoldTask, SetStatus)
    @reconciles(FinishTask, SkipTask, BeginTask, ReopenTask, AssignTask, EndRun, part=NOTE)
    async def find(self, step: Write, marker: WriteMarker, baseline: Baseline) -> Reconciliation:
        return await self.find_comment(step, marker, baseline)

    async def send_comment(self, step: Write, text: str, marker: WriteMarker) -> PostedComment:
        operation = step.op.value
        if step.target:
            text = texts.with_task_header(step.target, await self.views.title(step), text)
        body = {"value": text, **await self.people.author_fields(step.by, operation)}
        path = f"{self.api.case_path(step.run_id, operation)}/comments"
        posted = await self.api.write("POST", path, body, wire.Comment, operation)
        self.people.learn_own_user(posted.user, body.get("author_email", ""))
        return _posted(posted)

    async def list_comments(self, step: Write, marker: WriteMarker, baseline: Baseline) -> Listing[PostedComment]:
        result = await self.api.comments(step.run_id, step.op.value)
        return Listing([_posted(item) for item in result.items], result.complete)

    def text_of(self, step: Write) -> str | None:
        match step:
            case FinishTask(note=typed):
                return _change_text("Finished", typed)
            case SkipTask(reason=typed):
                return _change_text("Skipped", typed)
            case BeginTask():
                return "Begun"
            case ReopenTask():
                return "Reopened"
            case AssignTask(person=person):
                return f"Assigned to {person.shown}"
            case SetStatus(text=text, next_at=next_at):
                due = f"\nNext update {next_at.astimezone(UTC):%Y-%m-%d %H:%M} UTC" if next_at else ""
                return f"{step.health_word}{text}{due}"
        return super().text_of(step)

    def result(self, step: Write, text: str, marker: WriteMarker, posted: PostedComment) -> WriteResult:
        """A status is dated as in the case's metadata."""
        result = super().result(step, text, marker, posted)
        if result.health is None or not isinstance(step, SetStatus):
            return result
        health = self.views.of(step).health if step.health is None else step.health
        dated = result.health.model_copy(update={"health": health, "at": marker.at})
        return result.model_copy(update={"health": dated})


def _time(comment: Comment) -> datetime:
    return comment.at or datetime.min.replace(tzinfo=UTC)


def _posted(item: wire.Comment) -> PostedComment:
    return PostedComment(item.id, item.value, parse_timestamp(item.created_at))


def _change_text(change: str, typed: str) -> str:
    return f"{change}: {typed}" if typed.strip() else change
