"""Which Mattermost teams we look at: the one in the settings, else all that the bot is in."""

from collections.abc import Sequence
from dataclasses import dataclass

from adapters.errors import Rejected
from adapters.playbooks.api import Api
from adapters.playbooks.wire import is_id

MOST = 20


@dataclass
class Teams:
    """``wanted`` is a team's id, its name in links, or its display name; empty for every team of the bot."""

    api: Api
    wanted: str
    _ids: Sequence[str] = ()

    async def ids(self) -> Sequence[str]:
        """Asked once. Raises ``Rejected`` when the bot is in no such team."""
        if not self._ids:
            self._ids = await self._find()
        return self._ids

    async def _find(self) -> Sequence[str]:
        if is_id(self.wanted):
            return (self.wanted,)
        teams = [team for team in await self.api.teams() if is_id(team.id)]
        name = self.wanted.casefold()
        if name:
            teams = [team for team in teams if name in (team.name.casefold(), team.display_name.casefold())]
        if not teams:
            team = self.wanted or "any team"
            raise Rejected(self.api.name, "check", key="playbooks.no_team", team=team)
        return tuple(team.id for team in teams[:MOST])
