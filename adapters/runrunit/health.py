"""The checks of ``liaison doctor``: three small reads, and the setting to correct."""

from collections.abc import Sequence

from adapters.errors import AdapterError, CredentialsRejected, NotFound, Rejected, Unreachable, Unsupported
from adapters.protocol import CheckResult, CheckStatus
from adapters.runrunit.api import RunrunitApi
from adapters.runrunit.errors import MESSAGES
from adapters.runrunit.people import People
from adapters.toolkit.messages import message_text


async def check(name: str, api: RunrunitApi, people: People) -> Sequence[CheckResult]:
    """Reports only the first failure, because it hides the others."""
    setting = "project_template_id"
    try:
        templates = await api.templates("check")
        setting = "project_id"
        tasks = await api.project_tasks("check")
    except AdapterError as error:
        return [_failure(name, setting, error)]
    counts = {"runbooks": len(templates.items), "tasks": len(tasks.items)}
    summary = message_text(MESSAGES, "runrunit.health_check.answers", **counts)
    results = [CheckResult(status=CheckStatus.OK, summary=summary)]
    if not templates.items:
        summary = message_text(MESSAGES, "runrunit.health_check.no_runbook", name=name)
        results.append(CheckResult(status=CheckStatus.OK, summary=summary))
    await people.refresh()
    if not people.count:
        results.append(_fix("runrunit.health_check.no_users", name=name))
    return results


def _failure(name: str, setting: str, error: AdapterError) -> CheckResult:
    key = "runrunit.health_check.unreadable"
    match error:
        case CredentialsRejected():
            key = "runrunit.health_check.keys"
        case NotFound():
            key = "runrunit.health_check.not_found"
        case Rejected() | Unsupported():
            key = "runrunit.health_check.refused"
        case Unreachable():
            key = "runrunit.health_check.unreachable"
    said = error.said or message_text(MESSAGES, "runrunit.health_check.no_reason")
    return _fix(key, name=name, setting=setting, said=said)


def _fix(key: str, **facts: str) -> CheckResult:
    return CheckResult(
        status=CheckStatus.FIX,
        summary=message_text(MESSAGES, key, **facts),
        fix=message_text(MESSAGES, f"{key}_fix", **facts),
    )
