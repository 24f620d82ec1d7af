"""How 0.1 seals what stands behind a Mattermost button and in a dialog, written down once more.

A version, 43 characters of HMAC-SHA256 in base64url, and the facts as JSON. The key is made of the secret key and
the purpose. Written apart from ``bot.surfaces.mattermost.signing``, so that a changed format is noticed.
"""

import base64
import hashlib
import hmac
import json
from datetime import datetime, timedelta
from typing import Any

VERSION = "1"
MAC = 43
PIECE = 2000  # characters of one value of a button's context

Json = dict[str, Any]


def sealed(secret: str, purpose: str, facts: Json) -> str:
    words = json.dumps(facts, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    key = hmac.digest(secret.encode(), f"liaison/mattermost/{purpose}/{VERSION}".encode(), hashlib.sha256)
    mac = hmac.digest(key, words.encode(), hashlib.sha256)
    return f"{VERSION}{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}{words}"


def facts_in(text: str) -> Json:
    facts: Json = json.loads(text[1 + MAC :])
    return facts


def renewed(secret: str, purpose: str, text: str, now: datetime) -> str:
    """A time of then becomes one of now. Where that, or a host that was put in, broke the seal, it is made anew;
    anything else stays to the letter."""
    facts = facts_in(text)
    if "until" in facts:
        facts["until"] = int((now + timedelta(hours=24)).timestamp())
    return sealed(secret, purpose, facts)


def renew_all(secret: str, mattermost: Json, now: datetime) -> None:
    """Every button and dialog in the state of the fake (``fakes.mattermost_state``), where it stands."""
    for post in (*mattermost["posts"], *mattermost["ephemerals"]):
        for attachment in post["props"].get("attachments") or ():
            for action in attachment.get("actions") or ():
                integration = action["integration"]
                integration["context"] = _renewed_context(secret, integration["context"], now)
    for dialog in mattermost["dialogs"]:
        inner = dialog["dialog"]
        inner["state"] = renewed(secret, "dialog", inner["state"], now)


def _renewed_context(secret: str, context: dict[str, str], now: datetime) -> dict[str, str]:
    whole = renewed(secret, "button", "".join(context[f"p{n}"] for n in range(len(context))), now)
    pieces = [whole[at : at + PIECE] for at in range(0, len(whole), PIECE)]
    return {f"p{n}": piece for n, piece in enumerate(pieces)}
