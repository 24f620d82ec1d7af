"""How far a run is: a bar, and how many of its tasks are in which state."""

from collections.abc import Sequence

from adapters.models import Task, TaskState
from commands.model.card import Text
from commands.text.catalogue import plural, translate
from commands.text.phrases import join_parts

_CELLS = 10
SETTLED = (TaskState.DONE, TaskState.SKIPPED)  # nothing more is to be done
_COUNTED = (TaskState.RUNNING, TaskState.HELD, TaskState.SKIPPED, TaskState.FAILED)


def progress_line(tasks: Sequence[Task]) -> Text:
    """ "■■■□□□□□□□  2 of 7 done · 1 running"."""
    if not tasks:
        return translate("run.no_tasks")
    settled = sum(task.state in SETTLED for task in tasks)
    return (f"{_bar(settled, len(tasks))}  ", *task_counts(tasks, " · "))


def task_counts(tasks: Sequence[Task], between: str = ", ") -> Text:
    """ "1 of 4 done, 1 running"."""
    if not tasks:
        return translate("run.no_tasks")
    states = [task.state for task in tasks]
    parts = [translate(plural("run.counts", len(tasks)), done=states.count(TaskState.DONE), total=len(tasks))]
    counts = [
        translate(plural(f"count.{state}", count), count=count)
        for state in _COUNTED
        if (count := states.count(state))
    ]
    return join_parts([*parts, *counts], between)


def _bar(done: int, total: int) -> str:
    """Full only if everything is settled, and empty only if nothing is."""
    full = done * _CELLS // total
    full = 1 if done and not full else full
    return "■" * full + "□" * (_CELLS - full)
