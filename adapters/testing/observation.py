"""What anybody can see of a platform, and what its fake really did: for comparing before and after."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from adapters.models import Comment, Run, RunSummary
from adapters.protocol import Unsupported
from adapters.testing.fixtures import WRITES
from adapters.testing.harness import Harness
from adapters.testing.writes import PendingWrite, comments_of
from adapters.writes import Op

CREATES = (Op.START, Op.ADD, Op.COMMENT)
"""What exists twice if it is done twice. All other operations set a state."""


@dataclass(frozen=True)
class Observation:
    """As read by an adapter that remembers nothing, and by the harness where nobody can read comments."""

    runs: tuple[RunSummary, ...]
    run: Run | None
    comments: tuple[Comment, ...]

    @property
    def without_times(self) -> Any:
        """For comparing: a state that is set again may be a little newer."""
        models = (*self.runs, *([self.run] if self.run else []), *self.comments)
        return [_without_times(model.model_dump()) for model in models]

    @property
    def duplicates(self) -> Collection[str]:
        """Titles of runs, titles of tasks and texts of comments that exist more than once."""
        titles = [task.title for task in self.run.tasks] if self.run else []
        groups = ([run.title for run in self.runs], titles, [comment.text for comment in self.comments])
        return [text for group in groups for text in sorted(set(group)) if group.count(text) > 1]


async def observe(pending: PendingWrite) -> Observation:
    """Without the comments of its task, if that was deleted."""
    adapter = pending.harness.connect()
    runs = tuple(await adapter.runs(""))
    run = await pending.read_run(adapter) if pending.write.run or pending.results else None
    if run is None:
        return Observation(runs, None, ())
    task = pending.write.target if run.task(pending.write.target) else ""
    comments = [*await comments_of(adapter, run.key.id, task), *pending.harness.unreadable_comments(run.key.id)]
    return Observation(runs, run, tuple(comments))


def effects_of(harness: Harness) -> Mapping[Op, int]:
    """How often each operation was really done."""
    declared = harness.platform.capabilities
    return {op: harness.effects(op) for op in WRITES if not isinstance(declared[op], Unsupported)}


def created(harness: Harness) -> Mapping[Op, int]:
    """How often something was created."""
    return {op: count for op, count in effects_of(harness).items() if op in CREATES}


def _without_times(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_times(item) for key, item in value.items() if not isinstance(item, datetime)}
    return [_without_times(item) for item in value] if isinstance(value, list | tuple) else value
