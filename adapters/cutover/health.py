"""The checks of ``liaison doctor``: two small reads, and the setting or permission to correct."""

from collections.abc import Sequence

from adapters.cutover.api import CutoverApi
from adapters.cutover.errors import MESSAGES
from adapters.cutover.settings import CutoverSettings
from adapters.errors import AdapterError, CredentialsRejected, NotFound, Rejected, Unreachable, Unsupported
from adapters.protocol import CheckResult, CheckStatus
from adapters.toolkit.messages import message_text

APPROVED_TEMPLATES = {"is_template": "true", "template_status": "approved"}


async def check(name: str, settings: CutoverSettings, api: CutoverApi) -> Sequence[CheckResult]:
    """Reports only the first failure, because it hides the others."""
    workspace = settings.workspace_id
    try:
        if workspace:
            found = await api.workspace(workspace, "check")
            title = found.attributes.name or workspace
            summary = message_text(MESSAGES, "cutover.health_check.answers", url=settings.url, workspace=title)
        else:
            await api.first_page_size("core/workspaces", "check", {})
            summary = message_text(MESSAGES, "cutover.health_check.answers_all", url=settings.url)
        filters = {**APPROVED_TEMPLATES, "workspace_id": workspace} if workspace else APPROVED_TEMPLATES
        templates = await api.first_page_size("core/runbooks", "check", filters)
    except AdapterError as error:
        return [_failure(name, settings, error)]
    results = [CheckResult(status=CheckStatus.OK, summary=summary)]
    if not templates:
        summary = message_text(MESSAGES, "cutover.health_check.no_template")
        results.append(CheckResult(status=CheckStatus.OK, summary=summary))
    return results


def _failure(name: str, settings: CutoverSettings, error: AdapterError) -> CheckResult:
    key = "cutover.health_check.unreadable"
    match error:
        case CredentialsRejected():
            key = "cutover.health_check.token"
        case NotFound() if settings.workspace_id:
            key = "cutover.health_check.workspace"
        case NotFound() | Unsupported():
            key = "cutover.health_check.address"
        case Rejected():
            key = "cutover.health_check.right"
        case Unreachable():
            key = "cutover.health_check.unreachable"
    facts = {"name": name, "url": settings.url, "workspace": settings.workspace_id, "said": error.said}
    return CheckResult(
        status=CheckStatus.FIX,
        summary=message_text(MESSAGES, key, **facts),
        fix=message_text(MESSAGES, f"{key}_fix", **facts),
    )
