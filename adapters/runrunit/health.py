"""What ``liaison doctor`` says of a Runrun.it account: three small reads, and the setting that is wrong."""

from collections.abc import Sequence

from adapters.errors import AdapterError, CredentialsRejected, NotFound, Rejected, Unreachable, Unsupported
from adapters.protocol import CheckResult, CheckStatus
from adapters.runrunit.api import Api
from adapters.runrunit.people import People


async def check(name: str, api: Api, people: People) -> Sequence[CheckResult]:
    """The first thing that is wrong hides the rest, so it is the only one told."""
    setting = "project_template_id"
    try:
        templates = await api.templates("check")
        setting = "project_id"
        runs = await api.project_tasks("check")
    except AdapterError as error:
        return [_problem(f"platforms.{name}", setting, error)]
    what = (
        f"Runrun.it answers; {len(templates.items)} runbooks, {len(runs.items)} open tasks in the project of runs"
    )
    problems = [CheckResult(status=CheckStatus.OK, summary=what)]
    if not templates.items:
        fix = f"add task templates to the project template of platforms.{name}.project_template_id"
        problems.append(CheckResult(status=CheckStatus.OK, summary=f"no runbook there ({fix})"))
    await people.learn()
    if not people.known:
        problems.append(
            CheckResult(
                status=CheckStatus.FIX,
                summary="no Runrun.it user can be seen, so nobody from chat is known there",
                fix=f"platforms.{name}.user_token: one of an administrator, or of somebody in everybody's team",
            )
        )
    return problems


def _problem(table: str, setting: str, error: AdapterError) -> CheckResult:
    what, fix = (
        f"Runrun.it's answer cannot be read ({error.said})",
        f"{table}.url must be the API's address, https://runrun.it/api/v1.0",
    )
    match error:
        case CredentialsRejected():
            what = "Runrun.it does not accept the keys"
            fix = f"{table}.app_key and user_token: Integrations and Apps > API and Webhooks; paid plans only"
        case NotFound():
            what = "Runrun.it has no such thing, or does not show it to the token's user"
            fix = f"{table}.{setting}, and whether the user may see it; else {table}.url"
        case Rejected() | Unsupported():
            what = f"Runrun.it refuses a plain read ({error.said or 'it did not say why'})"
            fix = f"{table}.{setting}, and the rights of the token's user"
        case Unreachable():
            what = "Runrun.it does not answer"
            fix = f"check {table}.url, and that this machine may reach it"
    return CheckResult(status=CheckStatus.FIX, summary=what, fix=fix)
