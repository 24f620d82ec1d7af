"""The checks of ``liaison doctor``: two small reads, and the setting or permission to correct."""

from collections.abc import Sequence

from adapters.cutover.api import CutoverApi
from adapters.cutover.errors import MESSAGES
from adapters.cutover.settings import CutoverSettings
from adapters.errors import AdapterError, CredentialsRejected, NotFound, Rejected, Unreachable, Unsupported
from adapters.protocol import CheckResult
from adapters.toolkit.health import check_result

APPROVED_TEMPLATES = {"is_template": "true", "template_status": "approved"}


async def check(name: str, settings: CutoverSettings, api: CutoverApi) -> Sequence[CheckResult]:
    """Reports only the first failure, because it hides the others."""
    id, filters = settings.workspace_id, APPROVED_TEMPLATES
    facts = {"name": name, "url": settings.api_url, "workspace": id}
    key = "cutover.health_check.answers_all"
    try:
        if id:
            facts["workspace"] = (await api.workspace(id, "check")).attributes.name or id
            key, filters = "cutover.health_check.answers", {**filters, "workspace_id": id}
        else:
            await api.first_page_size("core/workspaces", "check", {})
        templates = await api.first_page_size("core/runbooks", "check", filters)
    except AdapterError as error:
        key = _failure_key(error, has_workspace=bool(id), has_core_url=bool(settings.core_url))
        return [check_result(MESSAGES, key, **facts, said=error.said)]
    results = [check_result(MESSAGES, key, **facts)]
    return results if templates else [*results, check_result(MESSAGES, "cutover.health_check.no_template")]


def _failure_key(error: AdapterError, *, has_workspace: bool, has_core_url: bool) -> str:
    match error:
        case CredentialsRejected():
            return "cutover.health_check.token" if has_core_url else "cutover.health_check.token_or_core_url"
        case NotFound() if has_workspace:
            return "cutover.health_check.workspace"
        case NotFound() | Unsupported():
            return "cutover.health_check.address"
        case Rejected():
            return "cutover.health_check.right"
        case Unreachable():
            return "cutover.health_check.unreachable"
    return "cutover.health_check.unreadable"
