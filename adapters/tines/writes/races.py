"""What somebody else did between the read before a write and the write: the history of the case shows it.

No activity is documented to name its task, so it is looked up by its time, on Tines' own clock. Changes through an
API key have a service account as their user.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from time import monotonic

from adapters.errors import AdapterError
from adapters.results import WriteResult
from adapters.tines import mapping, wire
from adapters.tines.api import Api
from adapters.tines.writes.views import ReadTask, TaskViews
from adapters.toolkit.timestamps import parse_timestamp
from adapters.writes import FinishTask, TaskWrite

_CLOCK_STEP = timedelta(seconds=1)  # Tines' timestamps have no fractions


@dataclass
class Races:
    api: Api
    views: TaskViews

    async def with_race(
        self, result: WriteResult, step: TaskWrite, read: ReadTask, changed: wire.Task, kind: str
    ) -> WriteResult:
        """Says so if somebody did the same kind of thing in this case meanwhile: the response shows only the last
        change."""
        written_at = parse_timestamp(changed.updated_at)
        if written_at is None:
            return result
        since = written_at - timedelta(seconds=monotonic() - read.at) - _CLOCK_STEP
        rival = await self._rival(step, kind, since)
        if rival is None:
            return result
        facts = {"by": mapping.person(rival).shown}
        key = "tines.raced_finish" if isinstance(step, FinishTask) else f"tines.raced_{kind.lower()}"
        return result.model_copy(update={"message": key, "facts": facts})

    async def finisher(self, step: TaskWrite, task: wire.Task) -> str | None:
        """Who completed a task that is completed. None if the history does not say."""
        at = parse_timestamp(task.updated_at)
        rival = await self._rival(step, "TASK_COMPLETED", at - _CLOCK_STEP) if at else None
        return mapping.person(rival).shown if rival else None

    async def _rival(self, step: TaskWrite, kind: str, since: datetime) -> wire.User | None:
        """The write is done, and its result must not depend on whether this can be read."""
        try:
            activities = await self.api.recent_activities(step.run_id, step.op.value, kind)
        except AdapterError:
            return None
        others = self.views.titles(step.run_id).keys() - {step.task}
        for item in activities:
            at, user = parse_timestamp(item.created_at), item.user
            is_theirs = user is not None and not user.is_service_account and item.value not in others
            if at is not None and at >= since and is_theirs:
                return user
        return None


def is_noted_twice(before: Sequence[wire.Activity], after: Sequence[wire.Activity]) -> bool:
    """Whether not only we changed the case's metadata, as far as the case lists its history."""
    known = {item.id for item in before}
    return sum(item.activity_type == "METADATA_UPDATED" and item.id not in known for item in after) > 1
