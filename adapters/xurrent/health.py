"""What ``liaison doctor`` checks: two small reads, and one with each personal token."""

from collections.abc import Mapping, Sequence

from adapters.errors import AdapterError, CredentialsRejected, NotFound, Rejected, Unreachable, Unsupported
from adapters.protocol import CheckResult, CheckStatus
from adapters.toolkit.messages import message_text
from adapters.xurrent import wire
from adapters.xurrent.api import Api
from adapters.xurrent.settings import XurrentSettings
from adapters.xurrent.text import MESSAGES


async def check(api: Api, settings: XurrentSettings, personal: Mapping[str, Api]) -> Sequence[CheckResult]:
    """Checks the ``personal`` APIs (by chat user ID) only if Liaison's own token works."""
    results = await _check_account(api, settings)
    if any(result.status is CheckStatus.FIX for result in results):
        return results
    return [*results, *[await _check_personal(api.name, id, own, settings) for id, own in personal.items()]]


async def _check_personal(name: str, id: str, api: Api, settings: XurrentSettings) -> CheckResult:
    """Names the token's person, so that a token under somebody else's ID gets noticed."""
    try:
        if settings.flavour == "itrp":
            await api.fetch_list(wire.Task, "tasks/approval_by_me", "check", pages=1)
            return _ok("own_token_itrp", id=id)
        me = await api.fetch(wire.Person, "me", "check")
    except AdapterError as error:
        return _problem("own_token_bad", name=name, id=id, said=error.said)
    return _ok("own_token", id=id, person=me.name or me.id)


async def _check_account(api: Api, settings: XurrentSettings) -> Sequence[CheckResult]:
    facts = {"url": settings.url, "account": settings.account}
    try:
        if settings.flavour == "itrp":
            mine = await api.fetch_list(wire.Task, "tasks/assigned_to_me", "check", pages=1)
            return [_ok("answers_itrp", count=len(mine.items), **facts)]
        me = await api.fetch(wire.Person, "me", "check")
        templates = await api.fetch_list(wire.Template, "workflow_templates/enabled", "check", pages=1)
    except AdapterError as error:
        key, fix = _explain(error, settings)
        return [_problem(key, fix, name=api.name, said=error.said, **facts)]
    results = [_ok("answers", person=me.name or me.id, **facts)]
    if not templates.items:
        results.append(_ok("no_template"))
    return results


def _explain(error: AdapterError, settings: XurrentSettings) -> tuple[str, str]:
    """The keys of the problem and of its fix."""
    key = "not_xurrent"
    match error:
        case CredentialsRejected():
            return "token", "token_itrp_fix" if settings.flavour == "itrp" else "token_fix"
        case NotFound() | Unsupported():
            key = "address"
        case Rejected() if error.key == "xurrent.forbidden":
            key = "scope"
        case Unreachable():
            key = "unreachable"
    return key, f"{key}_fix"


def _ok(key: str, **facts: object) -> CheckResult:
    return CheckResult(status=CheckStatus.OK, summary=_text(key, **facts))


def _problem(key: str, fix: str = "", **facts: object) -> CheckResult:
    return CheckResult(
        status=CheckStatus.FIX, summary=_text(key, **facts), fix=_text(fix or f"{key}_fix", **facts)
    )


def _text(key: str, **facts: object) -> str:
    return message_text(MESSAGES, f"xurrent.health_check.{key}", **facts)
