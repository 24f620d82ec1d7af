"""The format of the signed payloads of Mattermost buttons and dialogs in version 0.1.

A payload is a version, 43 characters of HMAC-SHA256 in base64url, and JSON. The HMAC key is derived from the
secret key and the purpose. This is deliberately independent of ``bot.surfaces.mattermost.signing``, so that a
change of the format fails a test.
"""

import base64
import hashlib
import hmac
import json
from datetime import datetime, timedelta
from typing import Any

VERSION = "1"
MAC_LENGTH = 43
MAX_CONTEXT_VALUE = 2000  # characters of one value of a button's context

Json = dict[str, Any]


def sign(secret: str, purpose: str, payload: Json) -> str:
    text = json.dumps(payload, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    key = hmac.digest(secret.encode(), f"liaison/mattermost/{purpose}/{VERSION}".encode(), hashlib.sha256)
    mac = hmac.digest(key, text.encode(), hashlib.sha256)
    return f"{VERSION}{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}{text}"


def payload_of(text: str) -> Json:
    payload: Json = json.loads(text[1 + MAC_LENGTH :])
    return payload


def renew(secret: str, purpose: str, text: str, now: datetime) -> str:
    """Sets the expiry of a payload to 24 hours from ``now`` and signs it again. Nothing else changes."""
    payload = payload_of(text)
    if "until" in payload:
        payload["until"] = int((now + timedelta(hours=24)).timestamp())
    return sign(secret, purpose, payload)


def renew_all(secret: str, mattermost: Json, now: datetime) -> None:
    """Renews every button and dialog in the fake's state (``fake_state.mattermost_state``) in place."""
    for post in (*mattermost["posts"], *mattermost["ephemerals"]):
        for attachment in post["props"].get("attachments") or ():
            for action in attachment.get("actions") or ():
                integration = action["integration"]
                integration["context"] = _renew_context(secret, integration["context"], now)
    for dialog in mattermost["dialogs"]:
        inner = dialog["dialog"]
        inner["state"] = renew(secret, "dialog", inner["state"], now)


def _renew_context(secret: str, context: dict[str, str], now: datetime) -> dict[str, str]:
    renewed = renew(secret, "button", "".join(context[f"p{n}"] for n in range(len(context))), now)
    pieces = [renewed[at : at + MAX_CONTEXT_VALUE] for at in range(0, len(renewed), MAX_CONTEXT_VALUE)]
    return {f"p{n}": piece for n, piece in enumerate(pieces)}
