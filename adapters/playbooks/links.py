"""URLs of runs and playbooks on the Mattermost site."""

from urllib.parse import urlsplit

from adapters.models import RunbookKey, RunKey
from adapters.playbooks.wire import is_id


def run_link(site: str, id: str) -> str:
    return f"{site}/playbooks/runs/{id}"


def retrospective_link(site: str, id: str) -> str:
    return f"{run_link(site, id)}/retrospective"


def playbook_link(site: str, id: str) -> str:
    return f"{site}/playbooks/playbooks/{id}"


def parse(url: str, platform: str, site: str) -> RunKey | RunbookKey | None:
    """Reads ``<site>/playbooks/runs/ID`` and ``<site>/playbooks/playbooks/ID``, also with a team before
    "playbooks".
    """
    try:
        link, base = urlsplit(url.strip()), urlsplit(site)
        is_same_site = (link.hostname, link.port) == (base.hostname, base.port)
    except ValueError:
        return None
    prefix = base.path.rstrip("/") + "/"
    if not is_same_site or link.scheme not in ("http", "https") or not link.path.startswith(prefix):
        return None
    segments = link.path[len(prefix) :].split("/")
    for parts in (segments, segments[1:]):
        if len(parts) >= 3 and parts[0] == "playbooks" and is_id(parts[2]):
            if parts[1] == "runs":
                return RunKey(platform=platform, id=parts[2])
            if parts[1] == "playbooks":
                return RunbookKey(platform=platform, id=parts[2])
    return None
