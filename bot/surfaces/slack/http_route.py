"""``POST /slack/events``: verifies the signature of a delivery and hands it on."""

import logging
from collections.abc import Awaitable, Callable
from datetime import datetime

from slack_bolt.request.async_request import AsyncBoltRequest
from slack_bolt.response import BoltResponse
from slack_sdk.signature import Clock, SignatureVerifier
from starlette.requests import Request
from starlette.responses import Response

log = logging.getLogger("liaison.slack")
MAX_BODY_BYTES = 1_000_000  # Slack's deliveries are much smaller


class HttpRoute:
    def __init__(
        self,
        signing_secret: str,
        now: Callable[[], datetime],
        dispatch: Callable[[AsyncBoltRequest], Awaitable[BoltResponse]],
    ) -> None:
        self._verifier = SignatureVerifier(signing_secret, _VerifierClock(now)) if signing_secret.strip() else None
        self._dispatch = dispatch

    async def on_delivery(self, request: Request) -> Response:
        body = b""
        async for chunk in request.stream():
            body += chunk
            if len(body) > MAX_BODY_BYTES:
                return Response(status_code=413)
        if not self._has_valid_signature(request, body):
            if _is_ssl_check(body):
                return Response()  # Slack only checks our certificate
            return Response('{"error": "invalid signature"}', 401, media_type="application/json")
        try:
            bolt = AsyncBoltRequest(body=body.decode(), headers=dict(request.headers))
        except (ValueError, TypeError, AttributeError, LookupError, RecursionError) as error:
            # Raised by Bolt for a body that is not a delivery.
            log.warning("slack: rejected a malformed delivery (%s)", type(error).__name__)
            return Response(status_code=400)
        response = await self._dispatch(bolt)
        return Response(response.body, response.status, headers=response.first_headers_without_set_cookie())

    def _has_valid_signature(self, request: Request, body: bytes) -> bool:
        """An HMAC over the raw body, at most 5 minutes old (Slack docs, "Verifying requests from Slack")."""
        timestamp = request.headers.get("x-slack-request-timestamp", "")
        signature = request.headers.get("x-slack-signature", "")
        if self._verifier is None or not timestamp.isdecimal() or not signature.isascii():
            return False
        try:
            return self._verifier.is_valid(body, timestamp, signature)
        except (ValueError, OverflowError):  # a body that is not UTF-8, or a timestamp of hundreds of digits
            return False


def _is_ssl_check(body: bytes) -> bool:
    """A certificate check, which carries only a legacy token (Slack docs, "Implementing slash commands")."""
    return not body.startswith(b"{") and b"ssl_check=1" in body.split(b"&")


class _VerifierClock(Clock):
    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now

    def now(self) -> float:
        return self._now().timestamp()
