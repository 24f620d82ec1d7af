"""Incoming webhooks: which runs a delivery is about, and the verification of a new webhook.

Xurrent sends ``webhook.verify`` with ``payload.callback`` and keeps the webhook inactive until that URL was opened
(developer site, "Webhooks", Verification). Anybody who knows our webhook address can send such a delivery, so only
URLs on the API's or the account's own site are opened, and without a token. With a webhook policy, a delivery is
``{"jwt": ...}``.
"""

import base64
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from adapters.errors import BadResponse
from adapters.http.client import HttpClient
from adapters.http.responses import json_object, nested_value

VERIFY_EVENT = "webhook.verify"


async def verify_webhook(platform: str, payload: bytes, sites: Sequence[HttpClient]) -> str:
    """Opens the callback URL and returns it; "" for any other delivery.

    ``sites`` are clients without credentials, for the origins that may be opened.
    """
    callback = callback_url(payload)
    if not callback:
        return ""
    for site in sites:
        if "://" in callback and (url := site.same_origin(callback)):
            await site.read_response(url, operation="confirm")
            return url
    raise BadResponse(platform, "confirm", key="platform.foreign_link", said=callback)


def callback_url(payload: bytes) -> str:
    """The URL that a verification delivery asks to open, or ""."""
    event = _parse_event(payload)
    url = nested_value(event, "payload", "callback") if event.get("event") == VERIFY_EVENT else None
    return url if isinstance(url, str) else ""


def affected_ids(payload: bytes) -> Collection[str] | None:
    """The workflow or task that a delivery is about; None for a new task, which is in no run that was read yet."""
    event = _parse_event(payload)
    name, id = event.get("event"), event.get("object_id")
    if name == VERIFY_EVENT:
        return ()
    has_known_id = isinstance(name, str) and name.startswith(("task.", "workflow.")) and name != "task.create"
    return (str(id),) if has_known_id and id else None


def _parse_event(payload: bytes) -> Mapping[str, Any]:
    event = json_object(payload)
    return _jwt_claims(event["jwt"]) if isinstance(event.get("jwt"), str) else event


def _jwt_claims(token: str) -> Mapping[str, Any]:
    """Does not verify the signature: nothing in a delivery is trusted, signed or not."""
    parts = token.split(".")
    try:
        return json_object(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (IndexError, ValueError):
        return {}
