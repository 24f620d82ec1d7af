"""``liaison doctor`` for Mattermost: token, account, teams, command tokens, and the way in."""

import ipaddress
from collections.abc import Sequence
from urllib.parse import urlsplit

from adapters.protocol import CheckResult, CheckStatus
from bot.surfaces.mattermost.driver import ApiError, Json, Site, is_id
from bot.surfaces.mattermost.text import words
from bot.surfaces.protocol import SurfaceError


async def check(site: Site, *, team: str, tokens: int, command: str, public_url: str) -> Sequence[CheckResult]:
    found = await _account(site, team)
    url = f"{public_url}/mattermost/command"
    if tokens:
        found.append(_ok("check.tokens", count=tokens, command=command))
    else:
        found.append(_fix("check.no_tokens", command=command, url=url))
    host = urlsplit(public_url).hostname or public_url
    where = f"{public_url}/mattermost/action"
    found.append(_ok("check.inward" if _inward(host) else "check.public", url=where, host=host))
    return found


async def _account(site: Site, team: str) -> list[CheckResult]:
    try:
        me = await site.me()
        teams = await site.teams(str(me.get("id") or ""))
    except ApiError as error:
        return [_fix("check.token", site=site.url, said=str(error))]
    except SurfaceError as error:
        return [_fix("check.unreachable", site=site.url, said=str(error))]
    name = str(me.get("username") or "")
    found = [_ok("check.account", site=site.url, name=name)]
    if not me.get("is_bot"):
        found.append(_fix("check.not_bot", name=name))
    return [*found, _teams(name, teams, team)]


def _teams(name: str, teams: list[Json], wanted: str) -> CheckResult:
    if not teams:
        return _fix("check.no_team", name=name)
    field = "id" if is_id(wanted) else "name"
    if wanted and wanted.lower() not in [str(team.get(field) or "").lower() for team in teams]:
        return _fix("check.not_in_team", name=name, team=wanted)
    return _ok("check.team", name=name, count=len(teams))


def _inward(host: str) -> bool:
    """Whether Mattermost refuses to call it unless AllowedUntrustedInternalConnections names it."""
    if host == "localhost" or not set(".:") & set(host):
        return True
    try:
        return not ipaddress.ip_address(host).is_global
    except ValueError:
        return host.endswith((".local", ".internal", ".lan"))


def _ok(key: str, **facts: object) -> CheckResult:
    return CheckResult(status=CheckStatus.OK, summary=words(key, **facts))


def _fix(key: str, **facts: object) -> CheckResult:
    return CheckResult(status=CheckStatus.FIX, summary=words(key, **facts), fix=words(f"{key}_fix", **facts))
