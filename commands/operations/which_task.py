"""Asks for the task of a command that named none, or one that doesn't exist."""

from collections.abc import Sequence

from adapters.models import Task, TaskState
from adapters.protocol import supports
from adapters.writes import Op
from commands.cards.task_row import shown_tasks
from commands.lookup.task_lookup import task_choices
from commands.model.errors import Ambiguous, CommandError, Missing
from commands.model.intents import End
from commands.model.ports import CommandContext
from commands.model.tracked_run import TrackedRun
from commands.operations.candidates import is_candidate, is_mine
from commands.operations.preconditions import run_over
from commands.text.catalogue import lazy
from commands.text.phrases import MOST_CHOICES, button, run_name, show_button


def likely_tasks(context: CommandContext, tracked: TrackedRun, op: Op) -> Sequence[Task]:
    """The tasks that ``op`` fits, the person's own first. To finish: the person's running tasks, else all running
    tasks, else all that could be finished."""
    tasks = [task for task in shown_tasks(tracked) if is_candidate(task, op)]
    mine = [task for task in tasks if is_mine(task, tracked, context.actor, context.services)]
    if op is not Op.FINISH:
        return [*mine, *(task for task in tasks if task not in mine)]
    running = [task for task in tasks if task.state is TaskState.RUNNING]
    return [task for task in running if task in mine] or running or tasks


def fitting_tasks(context: CommandContext, tracked: TrackedRun, op: Op) -> Sequence[Task]:
    """All tasks that ``op`` fits, the likely ones first."""
    likely = likely_tasks(context, tracked, op)
    return [*likely, *(task for task in shown_tasks(tracked) if is_candidate(task, op) and task not in likely)]


def which_task(context: CommandContext, tracked: TrackedRun, op: Op) -> CommandError:
    """The question when no task was named: a button for each likely one, and to finish also the run itself."""
    if tracked.run.state.is_over:
        return run_over(tracked)
    likely = likely_tasks(context, tracked, op)
    if op is Op.FINISH and supports(context.adapter(tracked).capabilities, Op.END):
        choices = task_choices(likely[: MOST_CHOICES - 1], tracked, "tasks", context.message)
        choices.append(button("button.end", End(run=tracked.handle), run=tracked.handle))
        return Ambiguous("task.which_finish", run=run_name(tracked), buttons=choices)
    if not likely:
        show = show_button(tracked)
        return Missing("task.none_to", verb=lazy(f"to.{op}"), run=run_name(tracked), buttons=[show])
    rest = ", ".join(tracked.task_handle(task.id) for task in likely[MOST_CHOICES:])
    choices = task_choices(likely, tracked, "tasks", context.message)
    return Ambiguous("task.which", verb=lazy(f"to.{op}"), run=run_name(tracked), buttons=choices, rest=rest)
