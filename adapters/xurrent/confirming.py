"""A new webhook is confirmed by opening the address that its first delivery brings.

Xurrent sends ``webhook.verify`` with ``payload.callback`` and keeps the webhook idle until that was called
(developer site, "Webhooks", Verification). Who knows our hook's address can send us any; so only the account's own
site and the API's are opened, and without a token. With a webhook policy the delivery is ``{"jwt": ...}``.
"""

import base64
import json
from collections.abc import Sequence
from typing import Any

from adapters.errors import BadResponse
from adapters.http import Caller

EVENT = "webhook.verify"


class Confirmation:
    def __init__(self, platform: str, sites: Sequence[Caller]) -> None:
        """``sites``: bound to the origins that may be opened, with no credential."""
        self._platform, self._sites = platform, sites

    async def confirm(self, said: bytes) -> str:
        address = callback(said)
        if not address:
            return ""
        for site in self._sites:
            if "://" in address and (whole := site.same_origin(address)):
                await site.read_reply(whole, operation="confirm")
                return whole
        raise BadResponse(self._platform, "confirm", key="platform.foreign_link", said=address)


def callback(said: bytes) -> str:
    """The address that a delivery wants opened, or ""."""
    event = _object(said)
    if isinstance(event.get("jwt"), str):
        event = _claims(event["jwt"])
    payload = event.get("payload")
    address = payload.get("callback") if event.get("event") == EVENT and isinstance(payload, dict) else None
    return address if isinstance(address, str) else ""


def _object(said: bytes) -> dict[str, Any]:
    try:
        found = json.loads(said)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _claims(token: str) -> dict[str, Any]:
    """Read, not verified: nothing but the address is taken from it, and that is judged by itself."""
    parts = token.split(".")
    try:
        return _object(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (IndexError, ValueError):
        return {}
