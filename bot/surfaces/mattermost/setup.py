"""``liaison mattermost setup``: what an administrator would click, done through the API with their token.

Everything is read first, so a second run changes nothing, and a dry run says what would change. Where the
administrator's rights are not enough, the line says what to click. The token is neither stored nor logged.
"""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

from adapters.protocol import CheckResult
from bot.surfaces.errors import SurfaceError, TokenRejected
from bot.surfaces.mattermost.admin_api import AdminApi
from bot.surfaces.mattermost.check_lines import fix_line, ok_line, warn_line
from bot.surfaces.mattermost.driver import MattermostApi, is_id
from bot.surfaces.mattermost.features import read_features
from bot.surfaces.mattermost.reach import check_reach
from bot.surfaces.mattermost.server_checks import check_features, check_server_settings
from bot.surfaces.mattermost.text import translate_plain
from bot.surfaces.mattermost.transport import ApiError, Json

_HINT = "start RUNBOOK | finish T3 | status amber … | help"


@dataclass(frozen=True, slots=True)
class Wanted:
    """``teams``: names or ids; empty for the teams that the bot is in. ``known_tokens``: of slash commands, in the
    settings. ``is_running``: a Liaison uses these settings now."""

    command: str
    public_url: str
    teams: tuple[str, ...] = ()
    known_tokens: tuple[str, ...] = ()
    is_running: bool = False
    dry_run: bool = False


class Setup:
    def __init__(self, bot: MattermostApi, admin: AdminApi, wanted: Wanted) -> None:
        self._bot = bot
        self._admin = admin
        self._wanted = wanted
        self._account: Json = {}
        self._site_url = bot.url

    async def run(self) -> AsyncIterator[CheckResult]:
        try:
            self._account = await self._bot.me()
        except SurfaceError as error:
            yield fix_line("setup.bot", site=self._bot.url, said=str(error))
            return
        try:
            administrator = await self._admin.me()
        except TokenRejected:
            yield fix_line("setup.admin_token", site=self._bot.url)
            for line in self.clicks():
                yield line
            return
        yield _describe_administrator(administrator)
        try:
            async for line in self._configure(str(administrator.get("id") or "")):
                yield line
        except SurfaceError as error:
            yield fix_line("setup.interrupted", said=str(error))

    def clicks(self) -> Sequence[CheckResult]:
        """What to click instead, without an administrator's token."""
        wanted = self._wanted
        facts = {
            "name": str(self._account.get("username") or "liaison"),
            "trigger": wanted.command.removeprefix("/"),
            "url": self._command_url,
            "hint": _HINT,
            "icon": self._icon_url,
        }
        return [
            warn_line(f"setup.click_{what}", **facts)
            for what in ("team", "command", "token", "override", "internal")
        ]

    async def _configure(self, administrator: str) -> AsyncIterator[CheckResult]:
        features = await read_features(self._bot)
        self._site_url = features.site_url or self._bot.url
        reached_by = ""
        async for team, line in self._teams():
            yield line
            if team is None:
                continue
            async for command_line in self._set_up_team(team):
                yield command_line
            reached_by = reached_by or str(team["id"])
        for line in (*check_features(features, self._bot.url), *await self._server_settings()):
            yield line
        if self._wanted.dry_run:
            yield warn_line("setup.reach_dry", url=self._wanted.public_url)
        elif reached_by:
            yield await check_reach(self._admin, administrator, str(self._account["id"]), reached_by, self._wanted)

    async def _server_settings(self) -> Sequence[CheckResult]:
        try:
            settings = await self._admin.server_settings()
        except ApiError:
            return [warn_line("setup.settings_hidden", url=self._wanted.public_url)]
        return check_server_settings(settings, self._wanted.public_url)

    # Teams

    async def _teams(self) -> AsyncIterator[tuple[Json | None, CheckResult]]:
        """The teams to set up, with the bot in them."""
        name = str(self._account.get("username") or "")
        joined = {str(team["id"]): team for team in await self._bot.teams(str(self._account["id"]))}
        visible = {str(team["id"]): team for team in await self._admin.all_teams()}
        if not self._wanted.teams and not joined and len(visible) != 1:
            names = ", ".join(sorted(str(team.get("name")) for team in visible.values()))
            yield None, fix_line("setup.which_team", names=names)
            return
        for wanted in self._wanted.teams or tuple(joined or visible):
            team = _find_team([*joined.values(), *visible.values()], wanted)
            if team is None:
                yield None, fix_line("setup.unknown_team", team=wanted)
            elif str(team["id"]) in joined:
                yield team, ok_line("setup.in_team", name=name, team=team.get("name"))
            else:
                yield await self._join(team, name)

    async def _join(self, team: Json, name: str) -> tuple[Json | None, CheckResult]:
        facts = {"name": name, "team": team.get("name")}
        if self._wanted.dry_run:
            return team, warn_line("setup.would_join", **facts)
        try:
            await self._admin.add_to_team(str(team["id"]), str(self._account["id"]))
        except SurfaceError as error:
            return None, fix_line("setup.cannot_join", said=str(error), **facts)
        return team, ok_line("setup.joined", **facts)

    # The slash command

    @property
    def _command_url(self) -> str:
        return f"{self._wanted.public_url}/mattermost/command"

    @property
    def _icon_url(self) -> str:
        return f"{self._site_url}/api/v4/users/{self._account.get('id', '')}/image"

    def _command(self, team: Json) -> Json:
        return {
            "team_id": team["id"],
            "trigger": self._wanted.command.removeprefix("/"),
            "method": "P",
            "url": self._command_url,
            "username": str(self._account.get("username") or ""),
            "icon_url": self._icon_url,
            "auto_complete": True,
            "auto_complete_desc": translate_plain("setup.description"),
            "auto_complete_hint": _HINT,
            "display_name": "Liaison",
            "description": translate_plain("setup.description"),
        }

    async def _set_up_team(self, team: Json) -> AsyncIterator[CheckResult]:
        wanted, name = self._command(team), str(team.get("name") or "")
        facts = {"command": self._wanted.command, "team": name, "url": self._command_url}
        try:
            found = [
                item for item in await self._admin.commands(wanted["team_id"]) if _is_same_trigger(item, wanted)
            ]
            token, line = await self._create_or_update(found[0] if found else None, wanted, facts)
        except SurfaceError as error:
            facts |= {"trigger": wanted["trigger"], "hint": _HINT, "icon": self._icon_url}
            facts |= {"name": wanted["username"], "said": str(error)}
            yield fix_line("setup.cannot_create", **facts)
            return
        yield line
        if token and token in self._wanted.known_tokens:
            yield ok_line("setup.token_known", team=name)
        elif token:
            yield fix_line("setup.token_new", team=name, token=token)

    async def _create_or_update(
        self, existing: Json | None, wanted: Json, facts: dict[str, str]
    ) -> tuple[str, CheckResult]:
        """Returns the command's token, "" if there is none of ours."""
        if existing is None:
            if self._wanted.dry_run:
                return "", warn_line("setup.would_create", **facts)
            return str((await self._admin.create_command(wanted)).get("token")), ok_line("setup.created", **facts)
        token = str(existing.get("token") or "")
        if not str(existing.get("url") or "").endswith("/mattermost/command"):
            return "", fix_line("setup.taken", other=existing.get("url"), **facts)
        changes = [name for name, value in wanted.items() if existing.get(name) != value]
        if not changes:
            return token, ok_line("setup.up_to_date", **facts)
        facts["changes"] = "; ".join(f"{name}: {existing.get(name)!r} → {wanted[name]!r}" for name in changes)
        if self._wanted.dry_run:
            return token, warn_line("setup.would_change", **facts)
        await self._admin.update_command(existing | wanted)
        return token, ok_line("setup.changed", **facts)


def _describe_administrator(user: Json) -> CheckResult:
    name = str(user.get("username") or "")
    if "system_admin" in str(user.get("roles") or "").split():
        return ok_line("setup.admin", name=name)
    return warn_line("setup.not_admin", name=name)


def _is_same_trigger(command: Json, wanted: Json) -> bool:
    return str(command.get("trigger") or "").lower() == str(wanted["trigger"]).lower()


def _find_team(teams: Sequence[Json], wanted: str) -> Json | None:
    field = "id" if is_id(wanted) else "name"
    return next((team for team in teams if str(team.get(field) or "").lower() == wanted.lower()), None)
