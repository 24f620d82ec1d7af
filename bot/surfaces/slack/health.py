"""``liaison doctor`` for Slack: every line says what is wrong and the exact place to put it right."""

from collections.abc import Sequence

from adapters.protocol import CheckResult, CheckStatus
from bot.surfaces.options import SlackOptions
from bot.surfaces.protocol import ChatUnreachable, SurfaceError
from bot.surfaces.slack.client import Client, Refused
from bot.surfaces.slack.manifest import SCOPES

_APPS = "api.slack.com/apps → your app"


async def check(client: Client, options: SlackOptions) -> Sequence[CheckResult]:
    return [*await _token(client), *await _receiving(client, options)]


async def _token(client: Client) -> list[CheckResult]:
    try:
        answer = await client.ask("auth.test", client.web.auth_test())
    except ChatUnreachable as error:
        return [_fix(f"Slack cannot be reached: {error}", "let this machine reach slack.com over HTTPS")]
    except Refused as error:
        fix = f"copy the Bot User OAuth Token from {_APPS} → OAuth & Permissions into slack.bot_token"
        return [_fix(f"Slack refuses slack.bot_token: {error.code}", fix)]
    except SurfaceError as error:
        return [_fix(str(error), f"look at {_APPS} → OAuth & Permissions")]
    who = f"{answer.get('user')} in {answer.get('team')} ({answer.get('url')})"
    return [CheckResult(status=CheckStatus.OK, summary=f"Slack knows us as {who}"), *_scopes(answer.headers)]


def _scopes(headers: object) -> list[CheckResult]:
    named = {str(name).lower(): str(value) for name, value in dict(headers or {}).items()}  # type: ignore[call-overload]
    if "x-oauth-scopes" not in named:
        return []
    given = {scope.strip() for scope in named["x-oauth-scopes"].split(",")}
    missing = [scope for scope in SCOPES if scope not in given]
    if not missing:
        return [CheckResult(status=CheckStatus.OK, summary="the bot has every scope it needs")]
    fix = f"add them under {_APPS} → OAuth & Permissions → Bot Token Scopes, then press Reinstall to Workspace"
    return [_fix(f"scopes are missing: {', '.join(missing)}", fix)]


async def _receiving(client: Client, options: SlackOptions) -> list[CheckResult]:
    if options.app_token is None:
        if options.signing_secret is not None:
            return [CheckResult(status=CheckStatus.OK, summary="deliveries come over HTTP, signed")]
        fix = f"copy the Signing Secret from {_APPS} → Basic Information into slack.signing_secret"
        return [_fix("neither slack.signing_secret nor slack.app_token is set: nothing can arrive", fix)]
    try:
        request = client.web.apps_connections_open(app_token=options.app_token.get_secret_value())
        await client.call("apps.connections.open", request)
    except ChatUnreachable as error:
        return [_fix(f"Socket Mode cannot be tried: {error}", "let this machine reach slack.com over HTTPS")]
    except SurfaceError as error:
        said = error.code if isinstance(error, Refused) else str(error)
        fix = f"make a token with connections:write under {_APPS} → Basic Information → App-Level Tokens"
        return [
            _fix(f"Slack refuses slack.app_token: {said}", f"{fix}, and switch on Socket Mode in the app's menu")
        ]
    return [CheckResult(status=CheckStatus.OK, summary="deliveries come by Socket Mode")]


def _fix(what: str, fix: str) -> CheckResult:
    return CheckResult(status=CheckStatus.FIX, summary=what, fix=fix)
