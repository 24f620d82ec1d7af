"""What happened to one command, and what is wrong after all of them."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from tests.torture.plan import Command
from tests.torture.world import Lane


@dataclass
class Typed:
    """``acknowledged``: at the first attempt or, for a delivery that the chat repeats, at a later one.

    ``in_order``: whether the first attempt was acknowledged before the next command of the lane was typed.
    ``is_told``: whether the response of a form showed something instead of closing it.
    """

    command: Command
    acknowledged: bool = False
    in_order: bool = False
    is_told: bool = False


@dataclass
class Health:
    """Of the processes, while they do nothing."""

    descriptors: int
    tasks: int
    megabytes: float


@dataclass
class Report:
    """``started``: the lanes of starts that were acknowledged; ``forms``: submitted; ``searches``: answered."""

    typed: Sequence[Typed]
    started: list[Lane] = field(default_factory=list)
    forms: int = 0
    searches: int = 0
    problems: list[str] = field(default_factory=list)
    facts: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        return "\n".join([*self.facts, *(f"WRONG: {problem}" for problem in self.problems)])
