"""The sub-statuses of open cases, which the documented API does not list.

Their ids are collected from cases. Newer tenants have a list (Tines API, Case statuses, List).
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from adapters.errors import BadResponse, NotFound, Rejected, Unreachable, Unsupported
from adapters.tines import mapping, wire
from adapters.tines.api import Api


@dataclass
class SubStatuses:
    api: Api
    _known: dict[str, wire.SubStatus] = field(default_factory=dict)  # by case-folded name
    _has_list: bool = True  # until the tenant answers that it has none

    def remember(self, case: wire.Case) -> None:
        """Those of closed cases are others."""
        if case.sub_status is not None and case.sub_status.name and mapping.is_open(case):
            self._known[case.sub_status.name.casefold()] = case.sub_status

    async def all(self, team: str, operation: str) -> Sequence[wire.SubStatus]:
        """All of the team where it can list them, else those that its cases were seen with."""
        with suppress(Rejected, BadResponse, Unreachable):  # those that are known are better than none
            await self._read_list(team, operation)
        return list(self._known.values())

    async def id(self, name_or_id: str, team: str, operation: str) -> str | None:
        """None if Tines does not say. A failed lookup must not keep the text of a status from being written."""
        if name_or_id.isdecimal():
            return name_or_id
        name = name_or_id.casefold()
        try:
            if name not in self._known:
                for case in await self.api.first_cases({"sub_status_names": [name_or_id]}, operation):
                    self.remember(case)
            if name not in self._known:
                await self._read_list(team, operation)
        except (NotFound, Rejected, Unsupported, BadResponse, Unreachable):
            return None
        return self._known[name].id if name in self._known else None

    async def _read_list(self, team: str, operation: str) -> None:
        """A tenant without the list is asked only once."""
        if not self._has_list:
            return
        try:
            listed = await self.api.sub_statuses(self.api.team or team, operation)
        except (NotFound, Unsupported):
            self._has_list = False
            return
        self._known |= {status.name.casefold(): status for status in listed if status.name}
