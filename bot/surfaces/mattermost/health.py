"""The ``liaison doctor`` checks for Mattermost: token, account, teams, command tokens, and where clicks are
sent."""

from collections.abc import Sequence
from urllib.parse import urlsplit

from adapters.protocol import CheckResult
from bot.surfaces.errors import SurfaceError, TokenRejected
from bot.surfaces.mattermost.check_lines import fix_line, ok_line
from bot.surfaces.mattermost.driver import MattermostApi, is_id
from bot.surfaces.mattermost.features import read_features
from bot.surfaces.mattermost.server_checks import check_features, is_internal
from bot.surfaces.mattermost.transport import ApiError, Json

# Error ids of server 5.37 for a connection that was signed in before.
_DISABLED = "api.web_socket_router.not_authenticated.app_error"
_REVOKED = "api.context.invalid_token.error"


def problem(site: str, rejection: str) -> CheckResult | None:
    """``rejection`` is the id of the server's error, or "" if it accepts the bot's token."""
    if not rejection:
        return None
    reasons = {_DISABLED: "check.disabled", _REVOKED: "check.revoked"}
    return fix_line(reasons.get(rejection, "check.rejected"), site=site, said=rejection)


async def check(
    api: MattermostApi, *, team: str, tokens: int, command: str, public_url: str
) -> Sequence[CheckResult]:
    results = await _check_account(api, team)
    url = f"{public_url}/mattermost/command"
    if tokens:
        results.append(ok_line("check.tokens", count=tokens, command=command))
    else:
        results.append(fix_line("check.no_tokens", command=command, url=url))
    host = urlsplit(public_url).hostname or public_url
    url = f"{public_url}/mattermost/action"
    results.append(ok_line("check.inward" if is_internal(host) else "check.public", url=url, host=host))
    return results


async def _check_account(api: MattermostApi, team: str) -> list[CheckResult]:
    try:
        account = await api.me()
        teams = await api.teams(str(account.get("id") or ""))
    except TokenRejected as error:
        return [fix_line("check.rejected", site=api.url, said=error.code)]
    except ApiError as error:
        return [fix_line("check.token", site=api.url, said=str(error))]
    except SurfaceError as error:
        return [fix_line("check.unreachable", site=api.url, said=str(error))]
    name = str(account.get("username") or "")
    results = [ok_line("check.account", site=api.url, name=name)]
    if not account.get("is_bot"):
        results.append(fix_line("check.not_bot", name=name))
    return [*results, _check_teams(name, teams, team), *await _check_features(api)]


async def _check_features(api: MattermostApi) -> Sequence[CheckResult]:
    try:
        return check_features(await read_features(api), api.url)
    except SurfaceError as error:
        return [fix_line("check.unreachable", site=api.url, said=str(error))]


def _check_teams(name: str, teams: list[Json], configured: str) -> CheckResult:
    if not teams:
        return fix_line("check.no_team", name=name)
    field = "id" if is_id(configured) else "name"
    if configured and configured.lower() not in [str(team.get(field) or "").lower() for team in teams]:
        return fix_line("check.not_in_team", name=name, team=configured)
    return ok_line("check.team", name=name, count=len(teams))
