"""The ``liaison doctor`` checks for Slack: token, scopes, and how deliveries arrive."""

from collections.abc import Callable, Sequence
from functools import partial

from adapters.protocol import CheckResult, CheckStatus
from bot.surfaces.errors import ChatUnreachable, InvalidSetting, SurfaceError, TokenRejected
from bot.surfaces.options import SlackOptions
from bot.surfaces.slack.client import ApiError, SlackClient
from bot.surfaces.slack.installations import Installations
from bot.surfaces.slack.manifest import INSTALL_PATH, SCOPES
from bot.surfaces.slack.socket import LINK_DISABLED, LinkDisabled, check_socket
from bot.surfaces.slack.workspaces import Workspaces

_APP_SETTINGS = "api.slack.com/apps → your app"
_ALLOW_HTTPS = "Allow this machine to reach slack.com over HTTPS."


_REASONS = {
    "account_inactive": "the app was uninstalled or its bot user was deactivated",
    "token_revoked": "it was revoked, or the app was uninstalled",
    "token_expired": "it has expired",
}


async def check_workspaces(
    workspaces: Workspaces, installations: Installations | None, public_url: str
) -> Sequence[CheckResult]:
    """A line for each, also for those that are not served any more."""
    own = [] if workspaces.own is None else await _check_token(workspaces.own.client, _bot_token_problem)
    if installations is None:
        return own
    url = f"{public_url.rstrip('/')}{INSTALL_PATH}"
    results = [
        line
        for id, workspace in list(workspaces.installed.items())
        for line in await _check_token(workspace.client, partial(_installation_problem, id, url))
    ]
    for row in installations.ended():
        reason = _REASONS.get(row.ended, _REASONS["account_inactive"])
        fix = f"Open {url} to install it there again, or remove {row.workspace} from slack.workspaces."
        results.append(_advice(f"{row.name} ({row.workspace}) is not served: {reason} ({row.ended})", fix))
    for row in installations.not_allowed():
        fix = f"Add {row.workspace} to slack.workspaces, or remove the app in that workspace."
        results.append(_advice(f"{row.name} ({row.workspace}) is installed, but not in slack.workspaces", fix))
    if not installations.stored:
        results.append(_advice("No workspace has installed the app yet", f"Open {url} in a browser."))
    return [*own, *results]


def invalid_setting(error: InvalidSetting) -> CheckResult:
    sentences = str(error).split(". ", 1)
    return _problem(sentences[0], sentences[-1])


def _installation_problem(id: str, url: str, code: str) -> CheckResult:
    reason = f"{_REASONS[code]} ({code})" if code in _REASONS else code
    return _problem(
        f"Slack doesn't accept the token of {id}: {reason}", f"Open {url} to install the app there again."
    )


def problem(token_rejection: str, socket_problem: str) -> CheckResult | None:
    """Both are codes of Slack's errors, or ""."""
    if token_rejection:
        return _bot_token_problem(token_rejection)
    if socket_problem == LINK_DISABLED:
        return _link_disabled()
    return _app_token_problem(socket_problem) if socket_problem else None


async def _check_token(client: SlackClient, rejected: Callable[[str], CheckResult]) -> list[CheckResult]:
    try:
        response = await client.request_with_headers("auth.test", client.web.auth_test())
    except (TokenRejected, ApiError) as error:
        return [rejected(error.code)]
    except ChatUnreachable as error:
        return [_problem(f"Can't reach Slack: {error}", _ALLOW_HTTPS)]
    except SurfaceError as error:
        return [_problem(str(error), f"Check {_APP_SETTINGS} → OAuth & Permissions.")]
    account = f"{response.get('user')} in {response.get('team')} ({response.get('url')})"
    return [_ok(f"Slack: signed in as {account}"), *_check_scopes(response.headers)]


def _check_scopes(headers: object) -> list[CheckResult]:
    values = {str(name).lower(): str(value) for name, value in dict(headers or {}).items()}  # type: ignore[call-overload]
    if "x-oauth-scopes" not in values:
        return []
    granted = {scope.strip() for scope in values["x-oauth-scopes"].split(",")}
    missing = [scope for scope in SCOPES if scope not in granted]
    if not missing:
        return [_ok("The bot has all the scopes it needs")]
    fix = f"Add them under {_APP_SETTINGS} → OAuth & Permissions → Bot Token Scopes, then reinstall the app."
    return [_problem(f"Missing scopes: {', '.join(missing)}", fix)]


async def check_delivery(client: SlackClient, options: SlackOptions, *, in_use: bool) -> list[CheckResult]:
    if options.app_token is None:
        if options.signing_secret is not None:
            return [_ok("Deliveries arrive over HTTP, signed")]
        fix = f"Copy the Signing Secret from {_APP_SETTINGS} → Basic Information into slack.signing_secret."
        return [_problem("Neither slack.signing_secret nor slack.app_token is set, so nothing can arrive", fix)]
    try:
        await check_socket(client, options.app_token.get_secret_value(), connect=not in_use)
    except LinkDisabled:
        return [_link_disabled()]
    except TokenRejected as error:
        return [_app_token_problem(error.code)]
    except ChatUnreachable as error:
        return [_problem(f"Can't check Socket Mode: {error}", _ALLOW_HTTPS)]
    except SurfaceError as error:
        return [_app_token_problem(error.code if isinstance(error, ApiError) else str(error))]
    return [_ok("Deliveries arrive over Socket Mode")]


def _link_disabled() -> CheckResult:
    fix = f"Turn it on under {_APP_SETTINGS} → Socket Mode."
    return _problem(f"Nothing arrives: Socket Mode is switched off for the app ({LINK_DISABLED})", fix)


def _bot_token_problem(code: str) -> CheckResult:
    reason = f"{_REASONS[code]} ({code})" if code in _REASONS else code
    fix = (
        f"Install the app under {_APP_SETTINGS} → Install App, copy the Bot User OAuth Token from "
        "OAuth & Permissions into slack.bot_token."
    )
    return _problem(f"Slack doesn't accept slack.bot_token: {reason}", fix)


def _app_token_problem(reason: str) -> CheckResult:
    fix = (
        f"Create a token with connections:write under {_APP_SETTINGS} → Basic Information → App-Level Tokens, "
        "and turn on Socket Mode in the app's menu."
    )
    return _problem(f"Slack doesn't accept slack.app_token: {reason}", fix)


def _ok(summary: str) -> CheckResult:
    return CheckResult(status=CheckStatus.OK, summary=summary)


def _advice(summary: str, fix: str) -> CheckResult:
    return CheckResult(status=CheckStatus.WARN, summary=summary, fix=fix)


def _problem(summary: str, fix: str) -> CheckResult:
    return CheckResult(status=CheckStatus.FIX, summary=summary, fix=fix)
