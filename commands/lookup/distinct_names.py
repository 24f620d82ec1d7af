"""Names by which people tell apart things of one title: with the facts in which they differ.

An id is the last resort, because it says the least.
"""

from collections.abc import Callable, Sequence
from typing import TypeVar

from adapters.models import Run, Runbook
from adapters.toolkit.folding import fold
from commands.model.tracked_run import TrackedRun
from commands.text.catalogue import plain_text, plural, translate
from commands.text.phrases import LABEL_LENGTH, bare_title, run_name, shorten

T = TypeVar("T")

_FACT = 15  # characters of one fact
_OPTION_LENGTH = 70  # characters of an option of a select
_ID_END = 8  # of a long id: its end tells it apart


def distinct_names(
    items: Sequence[T],
    title: Callable[[T], str],
    facts: Callable[[T], Sequence[str]],
    longest: int = LABEL_LENGTH,
    suffixes: Callable[[Sequence[Sequence[str]]], list[str]] | None = None,
) -> list[str]:
    """The title of each item; with facts behind it where another item has the same one. Only the title is cut."""
    groups: dict[str, list[int]] = {}
    for index, item in enumerate(items):
        groups.setdefault(fold(title(item)), []).append(index)
    names = [title(item) for item in items]
    for group in groups.values():
        if len(group) > 1:
            found = (suffixes or _suffixes)([facts(items[index]) for index in group])
            for index, suffix in zip(group, found, strict=True):
                names[index] = shorten(names[index], max(1, longest - len(suffix))) + suffix
    return names


def _suffixes(facts: Sequence[Sequence[str]]) -> list[str]:
    """ " (local)": the first facts that tell all of them apart; a number if none do."""
    used: list[tuple[str, ...]] = [() for _ in facts]
    for column in zip(*facts, strict=True):
        if len(set(used)) == len(used):
            break
        short = [shorten(fact, _FACT) for fact in column]
        if len(set(short)) > 1:
            used = [(*before, fact) for before, fact in zip(used, short, strict=True)]
    if len(set(used)) < len(used):
        used = [(*before, f"{number}") for number, before in enumerate(used, 1)]
    shown = [", ".join(fact for fact in own if fact) for own in used]
    return [f" ({text})" if text else "" for text in shown]


def runbook_names(runbooks: Sequence[Runbook], longest: int = LABEL_LENGTH) -> list[str]:
    """By platform, folder, date, number of tasks, then id."""
    return distinct_names(runbooks, lambda runbook: runbook.title, _runbook_facts, longest)


def runbook_option_names(runbooks: Sequence[Runbook]) -> list[str]:
    """For a select: always with the platform."""
    platforms = [f" ({shorten(runbook.key.platform, _FACT)})" for runbook in runbooks]
    names = runbook_names(runbooks, _OPTION_LENGTH - _FACT - 3)
    return [
        shorten(name, _OPTION_LENGTH - len(platform)) + platform if platform[:-1] not in name else name
        for name, platform in zip(names, platforms, strict=True)
    ]


def _runbook_facts(runbook: Runbook) -> Sequence[str]:
    count = runbook.task_count
    tasks = "" if count is None else plain_text(translate(plural("start.tasks_short", count), count=count))
    date = runbook.created_at.date().isoformat() if runbook.created_at else ""
    return runbook.key.platform, runbook.folder, date, tasks, _id_end(runbook.key.id)


def run_names(runs: Sequence[TrackedRun], longest: int = LABEL_LENGTH) -> list[str]:
    """ "R7 Primary down in EU", and what says most about how it differs from others of its title."""
    handle = max((len(tracked.handle) for tracked in runs), default=0)
    return [
        f"{tracked.handle} {name}" if name != _bare(tracked) else run_name(tracked)
        for tracked, name in zip(runs, run_titles(runs, longest - handle - 1), strict=True)
    ]


def run_titles(runs: Sequence[TrackedRun], longest: int) -> list[str]:
    """To stand beside the handles, which already tell the runs apart."""
    return distinct_names(runs, _bare, _run_facts, longest, _best_fact)


def _best_fact(facts: Sequence[Sequence[str]]) -> list[str]:
    """The fact by which most differ, if any do: runbook, platform, owner or date."""
    columns = [[shorten(fact, _FACT) for fact in column] for column in zip(*facts, strict=True)]
    best = max(columns, key=lambda column: len(set(column)))
    return [f" ({fact})" if fact and len(set(best)) > 1 else "" for fact in best]


def _bare(tracked: TrackedRun) -> str:
    return bare_title(tracked.run, tracked.handle)


def _run_facts(tracked: TrackedRun) -> Sequence[str]:
    run = tracked.run
    owner = run.owner.shown if run.owner else ""
    return run.runbook, run.key.platform, owner, _started_on(run)


def _started_on(run: Run) -> str:
    times = [task.started_at or task.finished_at for task in run.tasks]
    known = [at for at in times if at is not None]
    return min(known).date().isoformat() if known else ""


def _id_end(id: str) -> str:
    return id if len(id) <= _FACT else f"…{id[-_ID_END:]}"
