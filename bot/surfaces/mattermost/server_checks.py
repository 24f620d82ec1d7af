"""What must be set on the server, for ``liaison doctor`` and ``liaison mattermost setup``."""

import ipaddress
import re
from collections.abc import Sequence
from urllib.parse import urlsplit

from adapters.protocol import CheckResult
from bot.surfaces.mattermost.check_lines import fix_line, ok_line, warn_line
from bot.surfaces.mattermost.features import Features
from bot.surfaces.mattermost.transport import Json


def check_features(features: Features, url: str) -> Sequence[CheckResult]:
    """What every signed-in client may know."""
    if not features.site_url:
        site = warn_line("server.no_site_url", url=url)
    elif features.site_url.lower() != url.lower():
        site = ok_line("server.other_site_url", site=features.site_url, url=url)
    else:
        site = ok_line("server.site_url", site=features.site_url)
    return [site, *_check_senders(features)]


def _check_senders(features: Features) -> Sequence[CheckResult]:
    """Whether private answers show the bot as their sender, or whoever typed or pressed."""
    if features.post_ephemeral:
        return [ok_line("server.ephemeral")]
    if not features.username_override:
        return [warn_line("server.no_override"), warn_line("server.clicks")]
    commands = ok_line("server.override") if features.icon_override else warn_line("server.no_icon")
    return [commands, warn_line("server.clicks")]


def check_server_settings(settings: Json, public_url: str) -> Sequence[CheckResult]:
    """``settings``: the section ``ServiceSettings``, as a system administrator reads it."""
    results = [] if settings.get("EnableCommands", True) else [fix_line("server.no_commands")]
    host = urlsplit(public_url).hostname or public_url
    if not is_internal(host):
        return [*results, ok_line("server.public", url=public_url)]
    allowed = re.split(r"[\s,]+", str(settings.get("AllowedUntrustedInternalConnections") or "").strip())
    if is_allowed(host, allowed):
        return [*results, ok_line("server.allowed", host=host)]
    return [*results, fix_line("server.not_allowed", host=host, url=public_url)]


def is_internal(host: str) -> bool:
    """Whether Mattermost only calls the host if it is in AllowedUntrustedInternalConnections."""
    if host == "localhost" or not set(".:") & set(host):
        return True
    try:
        return not ipaddress.ip_address(host).is_global
    except ValueError:
        return host.endswith((".local", ".internal", ".lan"))


def is_allowed(host: str, allowed: Sequence[str]) -> bool:
    """By name, by address or by network, as ``services/httpservice`` of the server compares them."""
    return any(entry == host or _is_in_network(host, entry) for entry in allowed)


def _is_in_network(host: str, entry: str) -> bool:
    try:
        return ipaddress.ip_address(host) in ipaddress.ip_network(entry, strict=False)
    except ValueError:
        return False
