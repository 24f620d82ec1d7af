"""Which Mattermost teams we look at (the one in the settings, else all of the bot's), and their playbooks."""

from collections.abc import Sequence
from dataclasses import dataclass

from adapters.errors import AdapterError, NotFound, Rejected, Unsupported
from adapters.playbooks.api import Api
from adapters.playbooks.wire import WirePlaybook, is_id

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

    async def playbooks(self) -> Sequence[WirePlaybook]:
        """All that the bot sees in these teams, archived ones included where the server lists them."""
        found = [one for team in await self.ids() for one in await self.api.playbooks(team)]
        return list({one.id: one for one in found}.values())

    async def playbook(self, id: str, operation: str) -> WirePlaybook:
        """One with its tasks; from the list, without them, on a server that shows it only there."""
        try:
            return await self.api.playbook(id, operation)
        except (NotFound, Unsupported) as error:
            try:
                listed = await self.playbooks()
            except AdapterError:
                listed = ()
            found = next((one for one in listed if one.id == id), None)
            if found is None:
                raise error from None
            return found

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
