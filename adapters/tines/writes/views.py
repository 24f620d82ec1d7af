"""What was last read of runs and tasks, for what the responses to writes do not contain."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from adapters.models import Health, Run, Task
from adapters.tines import mapping, wire
from adapters.tines import text as texts
from adapters.tines.api import Api
from adapters.writes import TaskWrite, Write

_MAX_VIEWS = 500


@dataclass(frozen=True, slots=True)
class ReadTask:
    """A task as a guard read it, when that read began (``time.monotonic``), and the history of its case then.
    ``changed`` is when anything in the case last changed."""

    task: wire.Task
    at: float
    activities: Sequence[wire.Activity] = ()
    changed: datetime | None = None


@dataclass
class TaskView:
    """What the last read of a run showed and the response to a change of one task does not contain."""

    titles: dict[str, str] = field(default_factory=dict)
    running: dict[str, texts.RunningSince] = field(default_factory=dict)
    health: Health = Health.UNSET


@dataclass
class TaskViews:
    """The views of the last runs that were read."""

    api: Api
    _views: dict[str, TaskView] = field(default_factory=dict)

    def remember(self, run: Run) -> None:
        view = self._views.pop(run.key.id, TaskView())
        view.health = run.health
        view.titles = {task.id: task.title for task in run.tasks}
        view.running = {
            task.id: texts.RunningSince(since=task.started_at, by=task.started_by or "")
            for task in run.tasks
            if task.started_at
        }
        self._views[run.key.id] = view
        while len(self._views) > _MAX_VIEWS:
            self._views.pop(next(iter(self._views)))

    def of(self, step: Write) -> TaskView:
        return self._views.setdefault(step.run_id, TaskView())

    def titles(self, case: str) -> Mapping[str, str]:
        """By task, as far as the case was read."""
        return self._views[case].titles if case in self._views else {}

    async def title(self, step: Write) -> str:
        titles = self.of(step).titles
        if step.target not in titles:
            task = await self.api.task(step.run_id, step.target, step.op.value)
            titles[step.target] = mapping.title(task)
        return titles[step.target]

    def set_running(self, step: TaskWrite, running: texts.RunningSince | None) -> None:
        if running is None:
            self.of(step).running.pop(step.task, None)
        else:
            self.of(step).running[step.task] = running

    def task(self, step: TaskWrite, task: wire.Task) -> Task:
        return mapping.task(task, self.of(step).running.get(step.task))
