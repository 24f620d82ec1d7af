"""The fields of writes, each with a value that is asked for, and how it shows that the platform took it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from adapters.models import Health, Run, Task
from adapters.testing.observation import Observation
from adapters.testing.writes import BEN, NEW_TASK, NOTE, PendingWrite

COMMON = frozenset({"op", "run", "by", "part", "options"})
"""What the write is and whose. Options other than a start's are those of our own buttons."""

NOT_ASKED_FOR = frozenset(
    {
        "start.runbook",
        "start.title",  # by these three the contract suite finds what it has started
        "start.handle",
        "start.channel",  # where it was typed
        "start.site",
        "reopen.held",  # only chooses the words that people read
        "assign.expected",  # only says when to refuse
        "assign.also",  # only tells the steps of one message apart
        "status.next_at",  # a promise that Liaison keeps by itself
        "do.action",  # a PlatformAction as it was offered
        "do.label",
        "do.task",
        *(f"{op}.task" for op in ("finish", "begin", "skip", "hold", "reopen", "assign", "approve", "reject")),
    }
)
"""Fields that no person fills in, or that say what is changed."""

Check = Callable[[PendingWrite, Observation], bool]


def texts_of(observed: Observation) -> list[str]:
    """Everything that people can read of a run."""
    run = observed.run
    tasks = [text for task in run.tasks for text in _task_texts(task)] if run else []
    notes = [value for note in run.notes for value in note.facts.values()] if run else []
    own = [run.title, run.health_text, run.owner.shown if run.owner else ""] if run else []
    return [*own, *tasks, *notes, *(comment.text for comment in observed.comments)]


def _task_texts(task: Task) -> tuple[str, ...]:
    people = " ".join(person.shown for person in task.assignees)
    return (task.title, task.reason, task.instructions, task.mark, people)


def _reads(text: str) -> Check:
    return lambda pending, observed: any(text in shown for shown in texts_of(observed))


def _never(pending: PendingWrite, observed: Observation) -> bool:
    return False


def _owned_by_ben(pending: PendingWrite, observed: Observation) -> bool:
    owner = observed.run.owner if observed.run else None
    return owner is not None and BEN.name in owner.shown


def _is_rehearsal(pending: PendingWrite, observed: Observation) -> bool:
    return observed.run is not None and observed.run.rehearsal


def _has_assignee(pending: PendingWrite, observed: Observation) -> bool:
    return any(BEN.name in person.shown for person in _new_task(observed).assignees)


def _is_in_stage(pending: PendingWrite, observed: Observation) -> bool:
    return _new_task(observed).stage == getattr(pending.write, "stage", None)


def _waits(pending: PendingWrite, observed: Observation) -> bool:
    return set(getattr(pending.write, "after", ())) <= set(_new_task(observed).waits_for)


def _is_waited_for(pending: PendingWrite, observed: Observation) -> bool:
    new, before = _new_task(observed), getattr(pending.write, "before", ())
    return all(task is not None and new.id in task.waits_for for task in map(_run(observed).task, before))


def _has_colour(pending: PendingWrite, observed: Observation) -> bool:
    """As its health, or as a word."""
    return _run(observed).health is Health.RED or any("red" in text.casefold() for text in texts_of(observed))


def _is_on_task(pending: PendingWrite, observed: Observation) -> bool:
    """The comments of the task are read as well as those of the run."""
    about = {comment.task for comment in observed.comments if NOTE in comment.text}
    return pending.write.target in about


def _run(observed: Observation) -> Run:
    assert observed.run is not None
    return observed.run


def _new_task(observed: Observation) -> Task:
    return next(task for task in _run(observed).tasks if NEW_TASK in task.title)


def _first_stage(run: Run) -> str:
    """Not the last one, where a new task goes by itself; one that does not exist where there are none."""
    return run.stages[0].id if run.stages else "Triage"


@dataclass(frozen=True)
class Sample:
    """``values`` are the fields of the write, for a run. ``is_shown`` says whether they can be read afterwards."""

    values: Callable[[Run], Mapping[str, Any]]
    is_shown: Check


SAMPLES: Mapping[str, Sample] = {
    "start.owner": Sample(lambda run: {"owner": BEN}, _owned_by_ben),
    "start.rehearsal": Sample(lambda run: {"rehearsal": True}, _is_rehearsal),
    "start.options": Sample(lambda run: {"options": {"Region": "Porto Alegre"}}, _reads("Porto Alegre")),
    "finish.note": Sample(lambda run: {"note": NOTE}, _reads(NOTE)),
    "finish.then": Sample(lambda run: {"then": run.tasks[1].id}, _never),  # the suite's tasks decide nothing
    "skip.reason": Sample(lambda run: {"reason": NOTE}, _reads(NOTE)),
    "hold.reason": Sample(lambda run: {"reason": NOTE}, _reads(NOTE)),
    "assign.person": Sample(lambda run: {"person": BEN}, _reads(BEN.name)),
    "assign.take_over": Sample(lambda run: {"person": BEN, "take_over": True}, _reads(BEN.name)),
    "approve.note": Sample(lambda run: {"note": NOTE}, _reads(NOTE)),
    "reject.reason": Sample(lambda run: {"reason": NOTE}, _reads(NOTE)),
    "add.title": Sample(lambda run: {"title": NEW_TASK}, _reads(NEW_TASK)),
    "add.stage": Sample(lambda run: {"stage": _first_stage(run)}, _is_in_stage),
    "add.assignee": Sample(lambda run: {"assignee": BEN}, _has_assignee),
    "add.after": Sample(lambda run: {"after": (run.tasks[1].id,)}, _waits),
    "add.before": Sample(lambda run: {"before": (run.tasks[2].id,)}, _is_waited_for),
    "status.health": Sample(lambda run: {"health": Health.RED, "text": NOTE}, _has_colour),
    "status.text": Sample(lambda run: {"text": NOTE}, _reads(NOTE)),
    "comment.text": Sample(lambda run: {"text": NOTE}, _reads(NOTE)),
    "comment.task": Sample(lambda run: {"text": NOTE, "task": run.tasks[0].id}, _is_on_task),
    "end.text": Sample(lambda run: {"text": NOTE}, _reads(NOTE)),
}
