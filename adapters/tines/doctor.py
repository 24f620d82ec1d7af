"""What ``liaison doctor`` says of a Tines tenant: one small read, and the setting or right that is wrong."""

from collections.abc import Sequence

from adapters.errors import AdapterError, CredentialsRejected, NotFound, Rejected, Unreachable, Unsupported
from adapters.protocol import Problem, Severity
from adapters.tines.reading import Reading
from adapters.tines.settings import TinesSettings


async def check(name: str, settings: TinesSettings, reading: Reading) -> Sequence[Problem]:
    try:
        templates = await reading.first_cases({"tags": [settings.template_tag]}, "check")
    except AdapterError as error:
        return [_problem(name, settings, error)]
    place = f"team {settings.team_id}" if settings.team_id else "all teams that the key may see"
    problems = [Problem(severity=Severity.OK, what=f"Tines at {settings.url} answers; {place}")]
    if not templates:
        what = f'no case has the tag "{settings.template_tag}", so there is nothing to start yet'
        problems.append(Problem(severity=Severity.OK, what=what))
    return problems


def _problem(name: str, settings: TinesSettings, error: AdapterError) -> Problem:
    what = f"Tines' answer cannot be read ({error.said})"
    fix = f"platforms.{name}.url must be the tenant's address"
    match error:
        case CredentialsRejected():
            what = "Tines does not accept the key"
            fix = f"platforms.{name}.token: make a new team API key in Tines, under API keys"
        case NotFound() | Unsupported():
            what = "Tines shows no cases: the key lacks the right, the team is another, or this is no tenant"
            fix = f"platforms.{name}.token (a key of the team), platforms.{name}.team_id, platforms.{name}.url"
        case Rejected():
            what = f"Tines refuses to list cases ({error.said})"
            fix = f"platforms.{name}.team_id, and the role of the key in that team"
        case Unreachable():
            what = f"Tines at {settings.url} does not answer"
            fix = f"check platforms.{name}.url, and that this machine may reach it"
    return Problem(severity=Severity.FIX, what=what, fix=fix)
