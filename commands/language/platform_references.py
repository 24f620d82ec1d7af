"""A platform's link, or ``PLATFORM:ID``: what it points to."""

from adapters.models import RunbookKey, RunKey, TaskKey
from commands.model.ports import Services

LinkTarget = RunKey | TaskKey | RunbookKey
_MAX_ID_LENGTH = 255  # no platform has longer ids, and the store does not keep them


def parse_platform_reference(text: str, services: Services) -> LinkTarget | None:
    """What a platform's link or an explicit ``PLATFORM:ID`` points to.

    ``PLATFORM:ID`` may be the id of a runbook as well as of a run. It is returned as a ``RunKey``.
    """
    if "://" in text:
        return next((key for adapter in services.platforms.values() if (key := adapter.parse_link(text))), None)
    name, colon, id = text.partition(":")
    if colon and id and not id.startswith(" ") and len(id) <= _MAX_ID_LENGTH and name in services.platforms:
        return RunKey(platform=name, id=id)
    return None
