"""What ``liaison doctor`` says of a Cutover: two small reads, and the setting or right that is wrong."""

from collections.abc import Sequence

from adapters.cutover.reads import Reads
from adapters.cutover.settings import CutoverSettings
from adapters.errors import AdapterError, CredentialsRejected, NotFound, Rejected, Unreachable, Unsupported
from adapters.protocol import CheckResult, CheckStatus

TEMPLATES = {"is_template": "true", "template_status": "approved"}


async def check(name: str, settings: CutoverSettings, reading: Reads) -> Sequence[CheckResult]:
    """The first thing that is wrong hides the rest, so it is the only one told."""
    workspace = settings.workspace_id
    try:
        if workspace:
            found = await reading.workspace(workspace, "check")
            place = f"workspace {found.attributes.name or workspace}"
        else:
            await reading.first_page("core/workspaces", "check", {})
            place = "all workspaces its user may see"
        filters = {**TEMPLATES, "workspace_id": workspace} if workspace else TEMPLATES
        templates = await reading.first_page("core/runbooks", "check", filters)
    except AdapterError as error:
        return [_problem(name, settings, error)]
    problems = [CheckResult(status=CheckStatus.OK, summary=f"Cutover at {settings.url} answers; {place}")]
    if not templates:
        fix = "approve a template in Cutover, or start planned runbooks only"
        problems.append(CheckResult(status=CheckStatus.OK, summary=f"no approved template there ({fix})"))
    return problems


def _problem(name: str, settings: CutoverSettings, error: AdapterError) -> CheckResult:
    what, fix = (
        f"Cutover's answer cannot be read ({error.said})",
        f"platforms.{name}.url must be the API's address",
    )
    match error:
        case CredentialsRejected():
            what = "Cutover does not accept the token"
            fix = f"platforms.{name}.token: make a new token for the user app in Cutover"
        case NotFound() if settings.workspace_id:
            what = f"workspace {settings.workspace_id} does not exist, or the token's user may not see it"
            fix = f"platforms.{name}.workspace_id, or add the user to that workspace"
        case NotFound() | Unsupported():
            what = "this Cutover does not know the address or the API version"
            fix = f"platforms.{name}.url (without /core) and platforms.{name}.api_version"
        case Rejected():
            what = f"the token's user lacks a right ({error.said})"
            fix = "give it the Developer role, and a role in the workspace that may see and run runbooks"
        case Unreachable():
            what = f"Cutover at {settings.url} does not answer"
            fix = f"check platforms.{name}.url, and that this machine may reach it"
    return CheckResult(status=CheckStatus.FIX, summary=what, fix=fix)
