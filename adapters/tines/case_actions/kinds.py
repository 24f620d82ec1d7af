"""What the actions on a case have in common."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

from adapters.errors import Rejected
from adapters.models import PlatformAction, Run
from adapters.results import Recovery, WriteResult
from adapters.tines import wire
from adapters.tines.api import Api
from adapters.tines.people import People
from adapters.writes import PerformAction, WriteMarker


@dataclass
class CaseAction(ABC):
    """One kind of action. The ids of its actions are ``name`` or start with ``name:``."""

    api: Api
    people: People
    name = ""
    recovery = Recovery.IDEMPOTENT

    @abstractmethod
    async def offers(self, case: wire.Case, run: Run) -> Sequence[PlatformAction]:
        """What can be done with an open case. ``case`` was just read, ``run`` may be older."""

    @abstractmethod
    async def execute(self, step: PerformAction, marker: WriteMarker) -> WriteResult: ...

    @abstractmethod
    async def is_applied(self, step: PerformAction, marker: WriteMarker) -> bool: ...

    def target(self, step: PerformAction) -> str:
        """What follows ``name:`` in the id."""
        return step.action.removeprefix(self.name).removeprefix(":")

    async def update(self, step: PerformAction, **changes: object) -> wire.Case:
        author = await self.people.author_fields(step.by, "do")
        return await self.api.update_case(step.run_id, {**changes, **author}, "do")

    def only_option(self, step: PerformAction, *names: str) -> str:
        """The value of ``names[0]``. Raises ``Rejected`` where it is missing, or for any other name."""
        unknown = sorted(set(step.options) - set(names))
        if unknown or not step.options.get(names[0], "").strip():
            option, allowed = (unknown or [names[0]])[0], ", ".join(names)
            raise Rejected(self.api.platform, "do", key="tines.needs_option", option=option, allowed=allowed)
        return step.options[names[0]].strip()
