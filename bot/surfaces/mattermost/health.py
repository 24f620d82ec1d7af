"""The ``liaison doctor`` checks for Mattermost: token, account, teams, command tokens, and where clicks are
sent."""

import ipaddress
from collections.abc import Sequence
from urllib.parse import urlsplit

from adapters.protocol import CheckResult, CheckStatus
from bot.surfaces.mattermost.driver import ApiError, Json, MattermostApi, is_id
from bot.surfaces.mattermost.text import translate_plain
from bot.surfaces.protocol import SurfaceError, TokenRejected

# Error ids of server 5.37 for a connection that was signed in before.
_DISABLED = "api.web_socket_router.not_authenticated.app_error"
_REVOKED = "api.context.invalid_token.error"


def problem(site: str, rejection: str) -> CheckResult | None:
    """``rejection`` is the id of the server's error, or "" if it accepts the bot's token."""
    if not rejection:
        return None
    reasons = {_DISABLED: "check.disabled", _REVOKED: "check.revoked"}
    return _fix(reasons.get(rejection, "check.rejected"), site=site, said=rejection)


async def check(
    api: MattermostApi, *, team: str, tokens: int, command: str, public_url: str
) -> Sequence[CheckResult]:
    results = await _check_account(api, team)
    url = f"{public_url}/mattermost/command"
    if tokens:
        results.append(_ok("check.tokens", count=tokens, command=command))
    else:
        results.append(_fix("check.no_tokens", command=command, url=url))
    host = urlsplit(public_url).hostname or public_url
    url = f"{public_url}/mattermost/action"
    results.append(_ok("check.inward" if _is_internal(host) else "check.public", url=url, host=host))
    return results


async def _check_account(api: MattermostApi, team: str) -> list[CheckResult]:
    try:
        account = await api.me()
        teams = await api.teams(str(account.get("id") or ""))
    except TokenRejected as error:
        return [_fix("check.rejected", site=api.url, said=error.code)]
    except ApiError as error:
        return [_fix("check.token", site=api.url, said=str(error))]
    except SurfaceError as error:
        return [_fix("check.unreachable", site=api.url, said=str(error))]
    name = str(account.get("username") or "")
    results = [_ok("check.account", site=api.url, name=name)]
    if not account.get("is_bot"):
        results.append(_fix("check.not_bot", name=name))
    return [*results, _check_teams(name, teams, team)]


def _check_teams(name: str, teams: list[Json], configured: str) -> CheckResult:
    if not teams:
        return _fix("check.no_team", name=name)
    field = "id" if is_id(configured) else "name"
    if configured and configured.lower() not in [str(team.get(field) or "").lower() for team in teams]:
        return _fix("check.not_in_team", name=name, team=configured)
    return _ok("check.team", name=name, count=len(teams))


def _is_internal(host: str) -> bool:
    """Whether Mattermost only calls the host if it is in AllowedUntrustedInternalConnections."""
    if host == "localhost" or not set(".:") & set(host):
        return True
    try:
        return not ipaddress.ip_address(host).is_global
    except ValueError:
        return host.endswith((".local", ".internal", ".lan"))


def _ok(key: str, **facts: object) -> CheckResult:
    return CheckResult(status=CheckStatus.OK, summary=translate_plain(key, **facts))


def _fix(key: str, **facts: object) -> CheckResult:
    fix = translate_plain(f"{key}_fix", **facts)
    return CheckResult(status=CheckStatus.FIX, summary=translate_plain(key, **facts), fix=fix)
