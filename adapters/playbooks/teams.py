"""The Mattermost teams that are read (the one in the settings, or all of the bot's), and their playbooks."""

from collections.abc import Sequence
from dataclasses import dataclass

from adapters.errors import AdapterError, NotFound, Rejected, Unsupported
from adapters.playbooks.api import Api
from adapters.playbooks.errors import MESSAGES
from adapters.playbooks.wire import WirePlaybook, is_id
from adapters.toolkit.messages import message_text

MAX_TEAMS = 20


@dataclass
class Teams:
    """``team`` is a team's id, name or display name. Empty: every team of the bot."""

    api: Api
    team: str
    _ids: Sequence[str] = ()

    async def ids(self) -> Sequence[str]:
        """Looked up once. Raises ``Rejected`` if the bot is not in the team."""
        if not self._ids:
            self._ids = await self._find()
        return self._ids

    async def playbooks(self) -> Sequence[WirePlaybook]:
        """All playbooks that the bot can see in these teams, with archived ones if the server lists them."""
        playbooks = [playbook for team in await self.ids() for playbook in await self.api.playbooks(team)]
        return list({playbook.id: playbook for playbook in playbooks}.values())

    async def playbook(self, id: str, operation: str) -> WirePlaybook:
        """One playbook with its tasks. Without them if the server shows it only in the list."""
        try:
            return await self.api.playbook(id, operation)
        except (NotFound, Unsupported) as error:
            try:
                playbooks = await self.playbooks()
            except AdapterError:
                playbooks = ()
            playbook = next((playbook for playbook in playbooks if playbook.id == id), None)
            if playbook is None:
                raise error from None
            return playbook

    async def _find(self) -> Sequence[str]:
        if is_id(self.team):
            return (self.team,)
        teams = [team for team in await self.api.teams() if is_id(team.id)]
        name = self.team.casefold()
        if name:
            teams = [team for team in teams if name in (team.name.casefold(), team.display_name.casefold())]
        if not teams:
            label = self.team or message_text(MESSAGES, "playbooks.label.any_team")
            raise Rejected(self.api.name, "check", key="playbooks.no_team", team=label)
        return tuple(team.id for team in teams[:MAX_TEAMS])
