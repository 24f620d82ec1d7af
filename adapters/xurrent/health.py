"""What ``liaison doctor`` says of an account: two small reads, and the setting or right that is wrong."""

from collections.abc import Mapping, Sequence

from adapters.errors import AdapterError, CredentialsRejected, NotFound, Rejected, Unreachable, Unsupported
from adapters.protocol import CheckResult, CheckStatus
from adapters.xurrent import wire
from adapters.xurrent.api import Api
from adapters.xurrent.settings import XurrentSettings


async def check(api: Api, settings: XurrentSettings, own: Mapping[str, Api]) -> Sequence[CheckResult]:
    """The first thing that is wrong hides the rest, so it is the only one told; people's ``own`` tokens follow."""
    found = await _check(api, settings)
    if any(one.status is CheckStatus.FIX for one in found):
        return found
    return [*found, *[await _own(api.name, id, theirs, settings) for id, theirs in own.items()]]


async def _own(name: str, id: str, api: Api, settings: XurrentSettings) -> CheckResult:
    """Whose it is is told, so that a token under a wrong id is seen."""
    try:
        if settings.flavour == "itrp":
            await api.many(wire.Task, "tasks/approval_by_me", "check", pages=1)
            return _ok(f"the own token of {id} is accepted")
        me = await api.one(wire.Person, "me", "check")
    except AdapterError as error:
        fix = (
            f"platforms.{name}.tokens.{id}: a valid token of that person, with the scopes me, tasks and approvals"
        )
        return CheckResult(
            status=CheckStatus.FIX, summary=f"the own token of {id} does not work ({error.said})", fix=fix
        )
    return _ok(f"{id} approves as {me.name or me.id}")


async def _check(api: Api, settings: XurrentSettings) -> Sequence[CheckResult]:
    try:
        if settings.flavour == "itrp":
            mine = await api.many(wire.Task, "tasks/assigned_to_me", "check", pages=1)
            said = f"{len(mine.items)} tasks are assigned to the token's person"
            return [_ok(f"{settings.url} answers for account {settings.account}; {said}")]
        me = await api.one(wire.Person, "me", "check")
        templates = await api.many(wire.Template, "workflow_templates/enabled", "check", pages=1)
    except AdapterError as error:
        return [_problem(api.name, settings, error)]
    found = [_ok(f"{settings.url} answers for account {settings.account}; Liaison acts as {me.name or me.id}")]
    if not templates.items:
        found.append(_ok("no enabled workflow template there (enable one, so that it can be started)"))
    return found


def _ok(what: str) -> CheckResult:
    return CheckResult(status=CheckStatus.OK, summary=what)


def _problem(name: str, settings: XurrentSettings, error: AdapterError) -> CheckResult:
    key = f"platforms.{name}"
    what = f"{settings.url} does not answer like Xurrent ({error.said})"
    fix = f"{key}.url must be the API's address with its version, {key}.flavour its generation"
    match error:
        case CredentialsRejected():
            what = f"the token is not accepted for account {settings.account}"
            fix = f"{key}.token: generate a token in My Profile > Personal Access Tokens; {key}.account"
            if settings.flavour == "itrp":
                fix = f"{key}.token and {key}.account; hosts of today take no such token: set {key}.flavour"
        case NotFound() | Unsupported():
            what = f"{settings.url} has no such address"
            fix = f"{key}.url (…/v1) and {key}.flavour"
        case Rejected() if error.key == "xurrent.forbidden":
            what = "the token may not read that: it lacks a scope, or its person a role"
            fix = "give the token the scopes me, workflow templates, workflows, tasks, notes and people"
        case Unreachable():
            what = f"{settings.url} does not answer"
            fix = f"check {key}.url, and that this machine may reach it"
    return CheckResult(status=CheckStatus.FIX, summary=what, fix=fix)
