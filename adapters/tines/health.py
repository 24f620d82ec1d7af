"""What ``liaison doctor`` says of a Tines tenant: small reads, and the setting or right that is wrong."""

from collections.abc import Sequence

from adapters.errors import AdapterError, CredentialsRejected, NotFound, Rejected, Unreachable, Unsupported
from adapters.protocol import CheckResult, CheckStatus
from adapters.tines import wire
from adapters.tines.reads import Reads
from adapters.tines.settings import TinesSettings
from adapters.tines.stories import folded

_MOST_NAMES = 10


async def check(name: str, settings: TinesSettings, reading: Reads) -> Sequence[CheckResult]:
    try:
        templates = await reading.first_cases({"tags": [settings.template_tag]}, "check")
    except AdapterError as error:
        return [_problem(name, settings, error)]
    place = f"team {settings.team_id}" if settings.team_id else "all teams that the key may see"
    problems = [CheckResult(status=CheckStatus.OK, summary=f"Tines at {settings.url} answers; {place}")]
    if not templates:
        what = f'no case has the tag "{settings.template_tag}", so there is nothing to start yet'
        problems.append(CheckResult(status=CheckStatus.OK, summary=what))
    return [*problems, *await _stories(name, settings, reading)]


async def _stories(name: str, settings: TinesSettings, reading: Reads) -> Sequence[CheckResult]:
    """Stories are started by their webhooks, which need no right of the key; to see them does."""
    try:
        stories = await reading.stories("check")
    except AdapterError as error:
        if not settings.stories:
            return []
        what = f"the key may not see the team's stories, so what is going on in them is not shown ({error.said})"
        return [CheckResult(status=CheckStatus.OK, summary=what)]
    return [*_configured(name, settings, stories), *_others(name, settings, stories)]


def _configured(name: str, settings: TinesSettings, stories: Sequence[wire.Story]) -> Sequence[CheckResult]:
    problems = []
    for wanted in settings.stories:
        found = [story for story in stories if folded(story.name) == folded(wanted)]
        if found and all(story.disabled for story in found):
            fix = f"enable it in Tines, or take it out of [platforms.{name}.stories]"
            problems.append(
                CheckResult(status=CheckStatus.FIX, summary=f'the story "{wanted}" is disabled', fix=fix)
            )
        elif len(found) != 1:
            many = "no story of the team has" if not found else "several stories of the team have"
            what = f'{many} the name "{wanted}": it can be started, but what is going on in it is not shown'
            problems.append(CheckResult(status=CheckStatus.OK, summary=what))
    return problems


def _others(name: str, settings: TinesSettings, stories: Sequence[wire.Story]) -> Sequence[CheckResult]:
    """Which stories there are to start, for whoever writes the settings."""
    have = {folded(wanted) for wanted in settings.stories}
    names = sorted({story.name for story in stories if story.name and not story.disabled})
    others = [one for one in names if folded(one) not in have]
    if not others:
        return []
    more = f", and {len(others) - _MOST_NAMES} more" if len(others) > _MOST_NAMES else ""
    what = (
        f"stories that could be started from a run, once the address of their webhook is in "
        f"[platforms.{name}.stories]: {', '.join(others[:_MOST_NAMES])}{more}"
    )
    return [CheckResult(status=CheckStatus.OK, summary=what)]


def _problem(name: str, settings: TinesSettings, error: AdapterError) -> CheckResult:
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
    return CheckResult(status=CheckStatus.FIX, summary=what, fix=fix)
