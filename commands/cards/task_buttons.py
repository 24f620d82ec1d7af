"""The buttons that change or show one task."""

from functools import lru_cache

from adapters.models import Task, TaskState
from adapters.toolkit.messages import current_language
from commands.model.card import Button
from commands.model.intents import Approve, Assign, Begin, Finish, Reopen, Show
from commands.model.tracked_run import TrackedRun
from commands.text.phrases import button


def begin_button(tracked: TrackedRun, task: Task) -> Button:
    return _begin_button(tracked.handle, tracked.task_handle(task.id), current_language())


def finish_button(tracked: TrackedRun, task: Task) -> Button:
    return _finish_button(tracked.handle, tracked.handles.get(task.id, ""), current_language())


@lru_cache(maxsize=8192)  # a card is drawn at each change, and has one of them for each open task
def _begin_button(run: str, task: str, language: str) -> Button:
    return button("button.begin", Begin(run=run, tasks=(task,)), task=task)


@lru_cache(maxsize=8192)
def _finish_button(run: str, task: str, language: str) -> Button:
    return button("button.finish", Finish(run=run, tasks=(task,)), task=task)


def reopen_button(tracked: TrackedRun, task: Task) -> Button:
    handle = tracked.task_handle(task.id)
    return button("button.reopen", Reopen(run=tracked.handle, tasks=(handle,)), task=handle)


def resume_button(tracked: TrackedRun, task: Task) -> Button:
    """``task`` as shown: held. One that only Liaison holds goes on as it was; another one begins again."""
    handle = tracked.task_handle(task.id)
    kept = tracked.run.task(task.id)
    runs_below = kept is not None and kept.state is TaskState.RUNNING
    intent = (Reopen if runs_below else Begin)(run=tracked.handle, tasks=(handle,))
    return button("button.resume", intent, task=handle)


def approve_button(tracked: TrackedRun, task: Task) -> Button:
    handle = tracked.task_handle(task.id)
    return button("button.approve", Approve(run=tracked.handle, tasks=(handle,)), task=handle)


def show_task_button(tracked: TrackedRun, task: Task) -> Button:
    handle = tracked.task_handle(task.id)
    return button("button.show", Show(run=tracked.handle, what=handle, kind="task"), what=handle)


def approve_in_button(tracked: TrackedRun, task: Task) -> Button:
    handle = tracked.task_handle(task.id)
    approve = Approve(run=tracked.handle, tasks=(handle,))
    return button("button.approve", approve, task=f"{tracked.handle}.{handle}")


def take_over_button(tracked: TrackedRun, task: Task) -> Button:
    """Assigns somebody else's task to whoever presses it."""
    holder = ", ".join(person.shown for person in task.assignees)
    tasks = (tracked.task_handle(task.id),)
    take = Assign(run=tracked.handle, tasks=tasks, person="me", holder=holder, take_over=True)
    return button("button.take_over", take)


def comments_button(tracked: TrackedRun, task: Task) -> Button:
    handle = tracked.task_handle(task.id)
    return button("button.comments", Show(run=tracked.handle, what=handle, kind="task", comments=True))


def finish_in_button(tracked: TrackedRun, task: Task) -> Button:
    handle = tracked.task_handle(task.id)
    return button("button.finish_in", Finish(run=tracked.handle, tasks=(handle,)), run=tracked.handle, task=handle)
