"""The health check of a Playbooks site (``liaison doctor``)."""

from collections.abc import Sequence
from dataclasses import dataclass

from adapters.errors import AdapterError, CredentialsRejected, Rejected, Unreachable
from adapters.playbooks.api import Api
from adapters.playbooks.errors import MESSAGES, NO_ROUTE
from adapters.playbooks.teams import Teams
from adapters.protocol import CheckResult
from adapters.toolkit.health import check_result


@dataclass
class HealthCheck:
    api: Api
    teams: Teams
    site: str

    async def check(self) -> Sequence[CheckResult]:
        """Makes three reads and stops at the first failure: the others would fail for the same reason."""
        try:
            bot = (await self.api.me()).username
        except AdapterError as error:
            return [self._no_user(error)]
        results = [self._result("playbooks.health_check.signed_in", bot=bot)]
        try:
            teams = await self.teams.ids()
            bot_teams = {team.id for team in await self.api.teams()}
        except AdapterError as error:
            return [*results, self._no_team(error, bot)]
        if not bot_teams.issuperset(teams):
            return [*results, self._result("playbooks.health_check.not_in_team", bot=bot)]
        try:
            count = len(await self.teams.playbooks())
        except AdapterError as error:
            return [*results, self._no_playbooks(error)]
        if not count:
            return [*results, self._result("playbooks.health_check.no_playbook", bot=bot)]
        key = "playbooks.health_check.playbooks_one" if count == 1 else "playbooks.health_check.playbooks"
        return [*results, self._result(key, count=count)]

    def _no_user(self, error: AdapterError) -> CheckResult:
        if isinstance(error, CredentialsRejected):
            return self._result("playbooks.health_check.token")
        if isinstance(error, Unreachable):
            return self._result("playbooks.health_check.unreachable", said=error.said)
        return self._result("playbooks.health_check.not_mattermost", said=error.said)

    def _no_team(self, error: AdapterError, bot: str) -> CheckResult:
        if isinstance(error, Rejected) and error.key == "playbooks.no_team":
            if self.teams.team:
                return self._result("playbooks.health_check.no_such_team", bot=bot, team=self.teams.team)
            return self._result("playbooks.health_check.in_no_team", bot=bot)
        return self._result("playbooks.health_check.teams_unreadable", bot=bot, said=error.said)

    def _no_playbooks(self, error: AdapterError) -> CheckResult:
        if error.key in (NO_ROUTE, "playbooks.plugins_off"):
            return self._result("playbooks.health_check.plugin")
        return self._result("playbooks.health_check.playbooks_unreadable", said=error.said)

    def _result(self, key: str, **facts: object) -> CheckResult:
        return check_result(MESSAGES, key, name=self.api.name, site=self.site, **facts)
