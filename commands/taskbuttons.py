"""The buttons of one task, wherever a card offers them."""

from adapters.models import Task
from commands.cards import Button
from commands.intents import Approve, Begin, Finish, Reopen, Show
from commands.phrases import button
from commands.ports import KnownRun


def begin_button(known: KnownRun, task: Task) -> Button:
    handle = known.task_handle(task.id)
    return button("button.begin", Begin(run=known.handle, tasks=(handle,)), task=handle)


def finish_button(known: KnownRun, task: Task) -> Button:
    handle = known.task_handle(task.id)
    return button("button.finish", Finish(run=known.handle, tasks=(handle,)), task=handle)


def reopen_button(known: KnownRun, task: Task) -> Button:
    handle = known.task_handle(task.id)
    return button("button.reopen", Reopen(run=known.handle, tasks=(handle,)), task=handle)


def approve_button(known: KnownRun, task: Task) -> Button:
    handle = known.task_handle(task.id)
    return button("button.approve", Approve(run=known.handle, tasks=(handle,)), task=handle)


def show_task_button(known: KnownRun, task: Task) -> Button:
    handle = known.task_handle(task.id)
    return button("button.show", Show(run=known.handle, what=handle, kind="task"), what=handle)
