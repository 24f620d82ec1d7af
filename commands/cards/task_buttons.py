"""The buttons of one task, wherever a card offers them."""

from adapters.models import Task
from commands.model.card import Button
from commands.model.intents import Approve, Begin, Finish, Reopen, Show
from commands.model.tracked_run import TrackedRun
from commands.text.phrases import button


def begin_button(known: TrackedRun, task: Task) -> Button:
    handle = known.task_handle(task.id)
    return button("button.begin", Begin(run=known.handle, tasks=(handle,)), task=handle)


def finish_button(known: TrackedRun, task: Task) -> Button:
    handle = known.task_handle(task.id)
    return button("button.finish", Finish(run=known.handle, tasks=(handle,)), task=handle)


def reopen_button(known: TrackedRun, task: Task) -> Button:
    handle = known.task_handle(task.id)
    return button("button.reopen", Reopen(run=known.handle, tasks=(handle,)), task=handle)


def approve_button(known: TrackedRun, task: Task) -> Button:
    handle = known.task_handle(task.id)
    return button("button.approve", Approve(run=known.handle, tasks=(handle,)), task=handle)


def show_task_button(known: TrackedRun, task: Task) -> Button:
    handle = known.task_handle(task.id)
    return button("button.show", Show(run=known.handle, what=handle, kind="task"), what=handle)


def finish_in_button(known: TrackedRun, task: Task) -> Button:
    handle = known.task_handle(task.id)
    return button("button.finish_in", Finish(run=known.handle, tasks=(handle,)), run=known.handle, task=handle)
