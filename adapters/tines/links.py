"""URLs of cases, such as ``https://TENANT/team/2/cases/42`` (Tines API, Cases v2, Get: ``url`` in the sample)."""

import re
from urllib.parse import urlsplit

from adapters.models import RunKey

_CASE = re.compile(r"(?:^|/)cases/(?P<case>\d{1,20})(?=/|$)")


def browser_url(url: str) -> str | None:
    """``url`` if a browser can open it.

    Not with spaces, line breaks or control characters in it: in the file of a link, a line break would begin
    another entry (``IconFile=``, which Windows loads by itself).
    """
    url = url.strip()
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    is_plain = url.isprintable() and " " not in url
    return url if is_plain and parts.scheme in ("http", "https") and parts.netloc else None


def case_url(url: str, case: str) -> str | None:
    """The URL of another case, made from that of one."""
    found = browser_url(url)
    return _CASE.sub(f"/cases/{case}", found) if found and _CASE.search(found) else None


def host_of(url: str) -> str | None:
    """The host of a web address without credentials. None for anything else."""
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018 - raises for an invalid port
    except ValueError:
        return None
    is_plain = url.isascii() and url.isprintable() and " " not in url
    is_valid = parts.scheme in ("http", "https") and "@" not in parts.netloc and is_plain
    return parts.hostname if is_valid else None


def parse(url: str, tenant: str, platform: str) -> RunKey | None:
    """The case that a link to this tenant points to."""
    try:
        link, site = urlsplit(url.strip()), urlsplit(tenant)
        is_same_site = (link.hostname, link.port) == (site.hostname, site.port)
    except ValueError:
        return None
    if not is_same_site or link.scheme not in ("http", "https"):
        return None
    match = _CASE.search(link.path)
    return RunKey(platform=platform, id=match["case"]) if match else None
