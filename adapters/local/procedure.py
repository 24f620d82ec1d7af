"""A runbook file as parsed: what ``markdown`` returns and a run copies."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class FileProblem:
    """Something wrong in a file. ``key`` is a message of the catalogue; ``facts`` always have ``line`` (from 1).

    A ``fatal`` one keeps the runbook from being started: its tasks would come in another order than was meant.
    """

    key: str
    facts: Mapping[str, object]
    fatal: bool = True


@dataclass(frozen=True, slots=True)
class TaskEntry:
    """One task of a file. ``after`` are indices in ``Procedure.tasks``, ``stage`` one in ``Procedure.stages``."""

    title: str
    line: int
    stage: int | None = None
    instructions: str = ""
    command: str = ""
    assignees: tuple[str, ...] = ()
    after: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Procedure:
    title: str
    description: str = ""
    stages: tuple[str, ...] = ()
    tasks: tuple[TaskEntry, ...] = ()
    problems: tuple[FileProblem, ...] = field(default=())

    @property
    def fatal(self) -> tuple[FileProblem, ...]:
        return tuple(problem for problem in self.problems if problem.fatal)
