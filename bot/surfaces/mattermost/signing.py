"""Signs the data that Mattermost returns with clicks and submitted dialogs.

Those deliveries have no token, and their ``user_id`` is an unprotected field. The payload is therefore sealed with
an HMAC-SHA256 whose key depends on the purpose: a payload sealed for a dialog is not valid for a button.
"""

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from typing import Any, Literal

Purpose = Literal["button", "dialog", "option"]
_VERSION = "1"
_MAC = 43  # characters of 32 bytes in base64url without padding
_OPTION_MAC = 22  # 16 bytes: a menu has many options, and a server of version 5 has little room


class ForgedDelivery(Exception):
    """The delivery is not ours, was changed, or belongs to another person or channel. Do not use its contents."""


class Signer:
    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    def seal(self, purpose: Purpose, payload: Mapping[str, Any]) -> str:
        """Returns version, MAC and the payload as JSON, which is readable but can't be changed."""
        encoded = json.dumps(payload, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
        encoded = encoded.encode("utf-8", "replace").decode()
        return f"{_VERSION}{self._mac(purpose, encoded)}{encoded}"

    def open(self, purpose: Purpose, sealed: str) -> dict[str, Any]:
        """Raises ``ForgedDelivery``."""
        version, mac, encoded = sealed[:1], sealed[1 : 1 + _MAC], sealed[1 + _MAC :]
        expected = self._mac(purpose, encoded)
        if version != _VERSION or not hmac.compare_digest(mac.encode("utf-8", "replace"), expected.encode()):
            raise ForgedDelivery("the signature does not match")
        payload: dict[str, Any] = json.loads(encoded)
        return payload

    def seal_option(self, scope: str, value: str) -> str:
        """``value``, valid in ``scope`` alone. A menu's options are not stored with its context: a client can send
        back any value."""
        value = value.encode("utf-8", "replace").decode()
        return f"{self._option_mac(scope, value)}{value}"

    def open_option(self, scope: str, sealed: str) -> str:
        """Raises ``ForgedDelivery``."""
        mac, value = sealed[:_OPTION_MAC], sealed[_OPTION_MAC:]
        expected = self._option_mac(scope, value)
        if not hmac.compare_digest(mac.encode("utf-8", "replace"), expected.encode()):
            raise ForgedDelivery("the option is not one of ours")
        return value

    def _option_mac(self, scope: str, value: str) -> str:
        return self._mac("option", json.dumps([scope, value]))[:_OPTION_MAC]

    def _mac(self, purpose: Purpose, encoded: str) -> str:
        key = hmac.digest(self._secret, f"liaison/mattermost/{purpose}/{_VERSION}".encode(), hashlib.sha256)
        mac = hmac.digest(key, encoded.encode("utf-8", "replace"), hashlib.sha256)
        return base64.urlsafe_b64encode(mac).rstrip(b"=").decode()


def is_known_token(token: str, known_tokens: tuple[str, ...]) -> bool:
    """Compares in constant time."""
    encoded = token.encode("utf-8", "replace")
    matches = [hmac.compare_digest(encoded, known.encode()) for known in known_tokens if known]
    return bool(token) and any(matches)
