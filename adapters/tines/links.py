"""Addresses of cases: ``https://TENANT/team/2/cases/42``, as their ``url`` says (samples of L9246-9577)."""

import re
from urllib.parse import urlsplit

from adapters.models import RunKey

_CASE = re.compile(r"(?:^|/)cases/(?P<case>\d{1,20})(?=/|$)")


def shown(url: str) -> str | None:
    """``url`` if a browser can open it."""
    try:
        parts = urlsplit(url.strip())
    except ValueError:
        return None
    return url.strip() if parts.scheme in ("http", "https") and parts.netloc else None


def host_of(url: str) -> str | None:
    """The host of a web address without a name and password in it; None for anything else."""
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018 - raises for what is none
    except ValueError:
        return None
    whole = parts.scheme in ("http", "https") and "@" not in parts.netloc and url.isascii() and url.isprintable()
    return parts.hostname if whole and " " not in url else None


def parse(url: str, tenant: str, platform: str) -> RunKey | None:
    """The case that a link on this tenant names."""
    try:
        theirs, ours = urlsplit(url.strip()), urlsplit(tenant)
        same = (theirs.hostname, theirs.port) == (ours.hostname, ours.port)
    except ValueError:
        return None
    if not same or theirs.scheme not in ("http", "https"):
        return None
    found = _CASE.search(theirs.path)
    return RunKey(platform=platform, id=found["case"]) if found else None
