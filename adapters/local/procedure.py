"""A runbook file as parsed: what ``markdown`` returns and a run copies."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from adapters.local.inputs import Input


@dataclass(frozen=True, slots=True)
class FileProblem:
    """Something wrong in a file. ``key`` is a message of the catalogue; ``facts`` always have ``line`` (from 1).

    A ``fatal`` one keeps the runbook from being started: its tasks would come in another order than was meant.
    """

    key: str
    facts: Mapping[str, object]
    fatal: bool = True


@dataclass(frozen=True, slots=True)
class Remark:
    """How lines of a file were read, for its author. ``key``: a message. Lines count from 1, with ``last``."""

    key: str
    line: int
    last: int


@dataclass(frozen=True, slots=True)
class TaskEntry:
    """One task of a file. ``after`` are indices in ``Procedure.tasks``, ``stage`` one in ``Procedure.stages``."""

    title: str
    line: int
    stage: int | None = None
    instructions: str = ""
    assignees: tuple[str, ...] = ()
    after: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Passage:
    """Text that is not a step. ``before``: the index of the task after it; at the end, the number of tasks."""

    text: str
    before: int
    stage: int | None = None


@dataclass(frozen=True, slots=True)
class Procedure:
    """``description``: the text before the first heading and task. ``from_sections``: no steps were found, so each
    section became a task. ``inputs``: the declared values.
    """

    title: str
    description: str = ""
    stages: tuple[str, ...] = ()
    tasks: tuple[TaskEntry, ...] = ()
    passages: tuple[Passage, ...] = ()
    from_sections: bool = False
    inputs: Mapping[str, Input] = field(default_factory=dict)
    problems: tuple[FileProblem, ...] = ()
    remarks: tuple[Remark, ...] = ()

    @property
    def fatal(self) -> tuple[FileProblem, ...]:
        return tuple(problem for problem in self.problems if problem.fatal)
