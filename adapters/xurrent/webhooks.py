"""A new webhook is confirmed by opening the address that its first delivery brings.

Xurrent sends ``webhook.verify`` with ``payload.callback`` and keeps the webhook idle until that was called
(developer site, "Webhooks", Verification). Who knows our hook's address can send us any; so only the account's own
site and the API's are opened, and without a token. With a webhook policy the delivery is ``{"jwt": ...}``.
"""

import base64
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from adapters.errors import BadResponse
from adapters.http.client import HttpClient
from adapters.http.responses import json_object, nested_value

EVENT = "webhook.verify"


class Confirmation:
    def __init__(self, platform: str, sites: Sequence[HttpClient]) -> None:
        """``sites``: bound to the origins that may be opened, with no credential."""
        self._platform, self._sites = platform, sites

    async def verify_webhook(self, said: bytes) -> str:
        address = callback(said)
        if not address:
            return ""
        for site in self._sites:
            if "://" in address and (whole := site.same_origin(address)):
                await site.read_response(whole, operation="confirm")
                return whole
        raise BadResponse(self._platform, "confirm", key="platform.foreign_link", said=address)


def callback(said: bytes) -> str:
    """The address that a delivery wants opened, or ""."""
    event = _event(said)
    address = nested_value(event, "payload", "callback") if event.get("event") == EVENT else None
    return address if isinstance(address, str) else ""


def about(said: bytes) -> Collection[str] | None:
    """The workflow or task that a delivery is about. A new task is known by no run yet."""
    event = _event(said)
    name, id = event.get("event"), event.get("object_id")
    if name == EVENT:
        return ()
    known = isinstance(name, str) and name.startswith(("task.", "workflow.")) and name != "task.create"
    return (str(id),) if known and id else None


def _event(said: bytes) -> Mapping[str, Any]:
    event = json_object(said)
    return _claims(event["jwt"]) if isinstance(event.get("jwt"), str) else event


def _claims(token: str) -> Mapping[str, Any]:
    """Read, not verified: nothing but the address is taken from it, and that is judged by itself."""
    parts = token.split(".")
    try:
        return json_object(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (IndexError, ValueError):
        return {}
