"""What ``liaison doctor`` says about a Playbooks site: each problem with the click that ends it."""

from collections.abc import Sequence
from dataclasses import dataclass

from adapters.errors import AdapterError, CredentialsRejected, Rejected, Unreachable
from adapters.playbooks.api import Api
from adapters.playbooks.teams import Teams
from adapters.protocol import CheckResult, CheckStatus


@dataclass
class Doctor:
    api: Api
    teams: Teams
    site: str

    async def check(self) -> Sequence[CheckResult]:
        """Asks three reads, stops at the first that fails: the later ones would only fail of the same cause."""
        key = f"[platforms.{self.api.name}]"
        try:
            bot = await self.api.me()
        except AdapterError as error:
            return [self._no_user(error, key)]
        found = [_ok(f"{self.site} knows the token as @{bot.username}")]
        try:
            teams = await self.teams.ids()
            mine = {team.id for team in await self.api.teams()}
        except AdapterError as error:
            return [*found, self._no_team(error, key, bot.username)]
        if not mine.issuperset(teams):
            what = f"@{bot.username} is not in the team that {key} names"
            return [
                *found,
                _fix(what, f"In Mattermost: team menu > Invite people > @{bot.username}, or change team"),
            ]
        try:
            titles = [playbook.title for playbook in await self.teams.playbooks()]
        except AdapterError as error:
            return [*found, self._no_playbooks(error)]
        if titles:
            return [*found, _ok(f"{len(titles)} playbooks can be seen")]
        what = f"@{bot.username} sees no playbook"
        fix = f"In Playbooks: open a playbook > Manage access > make it public, or add @{bot.username}"
        return [*found, _fix(what, fix)]

    def _no_user(self, error: AdapterError, key: str) -> CheckResult:
        if isinstance(error, CredentialsRejected):
            fix = (
                f"Put a valid token in {key} token: Mattermost > Integrations > Bot Accounts > Create New Token;"
                " a disabled bot must be enabled there first"
            )
            return _fix(f"{self.site} refuses the token", fix)
        if isinstance(error, Unreachable):
            return _fix(f"{self.site} does not answer: {error.said}", f"Check {key} url and the network from here")
        return _fix(
            f"{self.site} does not answer like Mattermost: {error.said}",
            f"Set {key} url to Mattermost's SiteURL (with its sub-path, without /api)",
        )

    def _no_team(self, error: AdapterError, key: str, bot: str) -> CheckResult:
        if isinstance(error, Rejected) and error.key == "playbooks.no_team":
            what = f"@{bot} is in no team called {error.facts['team']!r}"
            return _fix(what, f"In Mattermost: team menu > Invite people > @{bot}, or correct {key} team")
        return _fix(f"the teams of @{bot} cannot be read: {error.said}", f"Set {key} team to the team's id")

    def _no_playbooks(self, error: AdapterError) -> CheckResult:
        if error.key in ("playbooks.no_route", "playbooks.plugins_off"):
            what = f"the Playbooks plugin does not answer on {self.site}"
            return _fix(what, "In Mattermost: System Console > Plugins > Playbooks > Enable Plugin: true")
        return _fix(f"playbooks cannot be read: {error.said}", "Give the bot access to Playbooks in that team")


def _ok(what: str) -> CheckResult:
    return CheckResult(status=CheckStatus.OK, summary=what)


def _fix(what: str, fix: str) -> CheckResult:
    return CheckResult(status=CheckStatus.FIX, summary=what, fix=fix)
