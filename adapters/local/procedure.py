"""A runbook file, read: what ``markdown`` makes, and what a run copies."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something wrong in a file. ``key`` is a sentence of ``messages.toml``; ``facts`` always hold ``line`` (from 1).

    A ``fatal`` one keeps the runbook from being started: the order of its tasks would not be what was meant.
    """

    key: str
    facts: Mapping[str, object]
    fatal: bool = True


@dataclass(frozen=True, slots=True)
class Step:
    """One task line. ``after`` are places in ``Procedure.steps``; ``stage`` one in ``Procedure.stages``."""

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
    steps: tuple[Step, ...] = ()
    troubles: tuple[Trouble, ...] = field(default=())

    @property
    def fatal(self) -> tuple[Trouble, ...]:
        return tuple(trouble for trouble in self.troubles if trouble.fatal)
