"""The Mattermost teams that are read (the one in the settings, or all of the bot's), and their playbooks."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TypeVar

from adapters.errors import AdapterError, NotFound, Rejected, Unsupported
from adapters.models import Listing
from adapters.playbooks.api import Api
from adapters.playbooks.errors import MESSAGES
from adapters.playbooks.wire import WirePlaybook, WireRun, is_id
from adapters.toolkit.messages import message_text

MAX_TEAMS = 20
L = TypeVar("L", WirePlaybook, WireRun)


@dataclass
class Teams:
    """``team`` is a team's id, name or display name. Empty: every team of the bot."""

    api: Api
    team: str
    _ids: Listing[str] | None = None
    _names: dict[str, str] = field(default_factory=dict)  # by id

    async def ids(self) -> Listing[str]:
        """Looked up once. Raises ``Rejected`` if the bot is not in the team."""
        if self._ids is None:
            self._ids = await self._find()
        return self._ids

    def name(self, id: str) -> str:
        """Empty where only one team is read: it would not tell anything apart."""
        return self._names.get(id, "") if self._ids is not None and len(self._ids) > 1 else ""

    async def playbooks(self) -> Listing[WirePlaybook]:
        """All playbooks that the bot can see in these teams, with archived ones if the server lists them."""
        return await self.collect(self.api.playbooks)

    async def collect(self, list_team: Callable[[str], Awaitable[Listing[L]]]) -> Listing[L]:
        """What ``list_team`` lists, of all teams, each item once."""
        teams = await self.ids()
        listings = [await list_team(team) for team in teams]
        items = {item.id: item for listing in listings for item in listing}
        return Listing(list(items.values()), complete=teams.complete and all(part.complete for part in listings))

    async def playbook(self, id: str, operation: str) -> WirePlaybook:
        """One playbook with its tasks. Without them if the server shows it only in the list."""
        try:
            return await self.api.playbook(id, operation)
        except (NotFound, Unsupported) as error:
            try:
                playbooks = await self.playbooks()
            except AdapterError:
                playbooks = Listing(())
            playbook = next((playbook for playbook in playbooks if playbook.id == id), None)
            if playbook is None:
                raise error from None
            return playbook

    async def _find(self) -> Listing[str]:
        if is_id(self.team):
            return Listing((self.team,))
        teams = [team for team in await self.api.teams() if is_id(team.id)]
        name = self.team.casefold()
        if name:
            teams = [team for team in teams if name in (team.name.casefold(), team.display_name.casefold())]
        if not teams:
            label = self.team or message_text(MESSAGES, "playbooks.label.any_team")
            raise Rejected(self.api.name, "check", key="playbooks.no_team", team=label)
        self._names = {team.id: team.display_name or team.name for team in teams}
        return Listing([team.id for team in teams[:MAX_TEAMS]], complete=len(teams) <= MAX_TEAMS)
