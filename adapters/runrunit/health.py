"""The checks of ``liaison doctor``: three small reads, and the setting to correct."""

from collections.abc import Sequence

from adapters.errors import AdapterError, CredentialsRejected, NotFound, Rejected, Unreachable, Unsupported
from adapters.protocol import CheckResult
from adapters.runrunit.api import RunrunitApi
from adapters.runrunit.errors import MESSAGES
from adapters.runrunit.people import People
from adapters.toolkit.health import check_result
from adapters.toolkit.messages import message_text


async def check(name: str, api: RunrunitApi, people: People) -> Sequence[CheckResult]:
    """Reports only the first failure, because it hides the others."""
    setting = "project_template_id"
    try:
        templates = await api.templates("check")
        setting = "project_id"
        tasks = await api.project_tasks("check")
    except AdapterError as error:
        said = error.said or message_text(MESSAGES, "runrunit.health_check.no_reason")
        return [check_result(MESSAGES, _failure_key(error), name=name, setting=setting, said=said)]
    counts = {"runbooks": len(templates.items), "tasks": len(tasks.items)}
    results = [check_result(MESSAGES, "runrunit.health_check.answers", **counts)]
    if not templates.items:
        results.append(check_result(MESSAGES, "runrunit.health_check.no_runbook", name=name))
    await people.refresh()
    if not people.count:
        results.append(check_result(MESSAGES, "runrunit.health_check.no_users", name=name))
    return results


def _failure_key(error: AdapterError) -> str:
    match error:
        case CredentialsRejected():
            return "runrunit.health_check.keys"
        case NotFound():
            return "runrunit.health_check.not_found"
        case Rejected() | Unsupported():
            return "runrunit.health_check.refused"
        case Unreachable():
            return "runrunit.health_check.unreachable"
    return "runrunit.health_check.unreadable"
