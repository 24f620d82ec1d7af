"""Proof that what comes back is what we sent out.

Mattermost's button and dialog deliveries carry no token, and their ``user_id`` is a plain field (CHAT_LIMITS,
"Seen on a real Mattermost server"). So the facts travel with an HMAC-SHA256 over them, under a key of their
purpose: what was sealed as a dialog never opens as a button.
"""

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from typing import Any, Literal

Purpose = Literal["button", "dialog"]
_VERSION = "1"
_MAC = 43  # characters of 32 bytes in base64url without padding


class Forged(Exception):
    """Not ours, or changed on the way, or another person's or channel's. Nothing of it may be believed."""


class Signer:
    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    def seal(self, purpose: Purpose, facts: Mapping[str, Any]) -> str:
        """One string: version, MAC, and the facts as JSON that anybody can read and nobody can change."""
        words = json.dumps(facts, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
        words = words.encode("utf-8", "replace").decode()
        return f"{_VERSION}{self._mac(purpose, words)}{words}"

    def open(self, purpose: Purpose, sealed: str) -> dict[str, Any]:
        """Raises ``Forged``."""
        version, mac, words = sealed[:1], sealed[1 : 1 + _MAC], sealed[1 + _MAC :]
        wanted = self._mac(purpose, words)
        if version != _VERSION or not hmac.compare_digest(mac.encode("utf-8", "replace"), wanted.encode()):
            raise Forged("the signature does not fit")
        facts: dict[str, Any] = json.loads(words)
        return facts

    def _mac(self, purpose: Purpose, words: str) -> str:
        key = hmac.digest(self._secret, f"liaison/mattermost/{purpose}/{_VERSION}".encode(), hashlib.sha256)
        mac = hmac.digest(key, words.encode("utf-8", "replace"), hashlib.sha256)
        return base64.urlsafe_b64encode(mac).rstrip(b"=").decode()


def same_token(given: str, known: tuple[str, ...]) -> bool:
    """Whether ``given`` is one of ours, in a time that does not tell which or how much of it fits."""
    mine = [hmac.compare_digest(given.encode("utf-8", "replace"), token.encode()) for token in known if token]
    return bool(given) and any(mine)
