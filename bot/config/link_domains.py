"""The domains of the configured platforms, whose links can unfurl in Slack."""

from collections.abc import Sequence
from urllib.parse import urlsplit

from bot.config.settings import Settings

_ADDRESSES = ("core_url", "site", "url")  # what people open comes before the API
_API = "api."


def link_domains(settings: Settings) -> Sequence[str]:
    """A domain stands for its subdomains too (Slack docs, "Unfurling links in messages")."""
    found: dict[str, None] = {}
    for entry in settings.platforms.values():
        addresses = (str(getattr(entry.options, name, "") or "") for name in _ADDRESSES)
        host = urlsplit(next(filter(None, addresses), "")).hostname or ""
        if "." in host and not host.replace(".", "").isdigit():
            found[host.removeprefix(_API)] = None
    return list(found)
