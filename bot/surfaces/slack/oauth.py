"""``/slack/install`` and ``/slack/oauth_redirect``, by which a workspace installs the app (Slack docs, "Installing
with OAuth").

Bolt's flow checks the state, which is valid once, for ten minutes, in the browser that has its cookie. States are
in memory: after a restart, the installation begins again.
"""

import html
import logging
import secrets
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote, urljoin

import aiohttp
from slack_bolt.oauth.async_callback_options import AsyncCallbackOptions, AsyncFailureArgs, AsyncSuccessArgs
from slack_bolt.oauth.async_oauth_flow import AsyncOAuthFlow
from slack_bolt.oauth.async_oauth_settings import AsyncOAuthSettings
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_bolt.response import BoltResponse
from slack_sdk.oauth import AuthorizeUrlGenerator, OAuthStateUtils
from slack_sdk.oauth.installation_store import Installation
from slack_sdk.oauth.state_store.async_state_store import AsyncOAuthStateStore
from slack_sdk.web.async_client import AsyncWebClient
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bot.surfaces.slack.installations import InstallationFailed
from bot.surfaces.slack.manifest import INSTALL_PATH, REDIRECT_PATH, SCOPES
from bot.surfaces.slack.text import translate_plain

STATE_SECONDS = 600
_MOST_STATES = 1000
_FAILURES = {  # Bolt's reasons, and Slack's
    "access_denied": ("oauth_denied", 200),
    "invalid_browser": ("oauth_expired", 400),
    "invalid_state": ("oauth_expired", 400),
    "not_allowed": ("oauth_not_allowed", 403),
    "not_stored": ("oauth_not_stored", 503),
}
_PAGE = """<!DOCTYPE html>
<html><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Liaison</title></head>
<body style="font: 16px sans-serif; margin: 3em auto; max-width: 34em; padding: 0 1em"><p>{text}</p></body></html>
"""
_HEADERS = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer", "X-Frame-Options": "DENY"}

log = logging.getLogger("liaison.slack")


class _States(AsyncOAuthStateStore):
    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._valid_until: dict[str, datetime] = {}

    async def async_issue(self, *args: Any, **kwargs: Any) -> str:
        now, state = self._now(), secrets.token_urlsafe(32)
        valid = [(name, until) for name, until in self._valid_until.items() if until > now]
        self._valid_until = dict(valid[-_MOST_STATES + 1 :])
        self._valid_until[state] = now + timedelta(seconds=STATE_SECONDS)
        return state

    async def async_consume(self, state: str) -> bool:
        until = self._valid_until.pop(state, None)
        return until is not None and self._now() < until


class _StateCookie(OAuthStateUtils):
    def __init__(self, *, is_https: bool) -> None:
        super().__init__(cookie_name="liaison-slack-install", expiration_seconds=STATE_SECONDS)
        self._attributes = f"HttpOnly; SameSite=Lax; Path=/slack/{'; Secure' if is_https else ''}"

    def build_set_cookie_for_new_state(self, state: str) -> str:
        return f"{self.cookie_name}={state}; Max-Age={self.expiration_seconds}; {self._attributes}"

    def build_set_cookie_for_deletion(self) -> str:
        return f"{self.cookie_name}=; Max-Age=0; {self._attributes}"


class _Flow(AsyncOAuthFlow):
    """``store``: raises ``InstallationFailed``."""

    def __init__(
        self,
        client: AsyncWebClient,
        settings: AsyncOAuthSettings,
        store: Callable[[Installation], Awaitable[None]],
    ) -> None:
        super().__init__(client=client, settings=settings, logger=logging.getLogger("liaison.slack.oauth"))
        self._store = store

    async def build_authorize_url(self, state: str, request: AsyncBoltRequest) -> str:
        return self.settings.authorize_url_generator.generate(state=state)

    async def run_installation(self, code: str) -> Installation | None:
        try:
            return await super().run_installation(code)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            log.warning("slack: oauth.v2.access: %s", type(error).__name__)
            return None

    async def store_installation(self, request: AsyncBoltRequest, installation: Installation) -> None:
        await self._store(installation)


class InstallRoutes:
    """``install`` raises ``InstallationFailed``."""

    def __init__(
        self,
        *,
        client_id: str,
        client_secret: str,
        api_url: str,
        public_url: str,
        command: str,
        now: Callable[[], datetime],
        install: Callable[[Installation], Awaitable[None]],
    ) -> None:
        self._command = command
        redirect_uri = f"{public_url.rstrip('/')}{REDIRECT_PATH}"
        authorize_url = urljoin(api_url, "/oauth/v2/authorize")
        settings = AsyncOAuthSettings(
            client_id=client_id,
            client_secret=client_secret,
            scopes=SCOPES,
            user_scopes=(),
            redirect_uri=redirect_uri,
            install_path=INSTALL_PATH,
            redirect_uri_path=REDIRECT_PATH,
            install_page_rendering_enabled=False,
            callback_options=AsyncCallbackOptions(success=self._on_success, failure=self._on_failure),
            state_store=_States(now),
        )
        settings.state_utils = self._cookie = _StateCookie(is_https=public_url.startswith("https:"))
        settings.authorize_url_generator = AuthorizeUrlGenerator(
            client_id=quote(client_id, safe=""),
            redirect_uri=quote(redirect_uri, safe=""),
            scopes=SCOPES,
            authorization_url=authorize_url,
        )
        client = AsyncWebClient(base_url=api_url, timeout=10, retry_handlers=[])
        self._flow = _Flow(client, settings, install)

    def routes(self) -> list[Route]:
        return [
            Route(INSTALL_PATH, self._install, methods=["GET"]),
            Route(REDIRECT_PATH, self._redirect, methods=["GET"]),
        ]

    async def _install(self, request: Request) -> Response:
        return _response(await self._flow.handle_installation(_bolt_request(request)))

    async def _redirect(self, request: Request) -> Response:
        return _response(await self._flow.handle_callback(_bolt_request(request)))

    async def _on_success(self, args: AsyncSuccessArgs) -> BoltResponse:
        installation = args.installation
        is_organization = installation.is_enterprise_install
        name = (installation.enterprise_name if is_organization else installation.team_name) or ""
        text = translate_plain("oauth_done", workspace=name, command=f"{self._command} help")
        return _page(200, text, self._cookie.build_set_cookie_for_deletion())

    async def _on_failure(self, args: AsyncFailureArgs) -> BoltResponse:
        error, reason, workspace = args.error, args.reason, ""
        if isinstance(error, InstallationFailed):
            reason, workspace = error.reason, error.workspace
        key, status = _FAILURES.get(reason, ("oauth_failed", 400))
        log.warning("slack: an installation failed: %s", key)
        return _page(status, translate_plain(key, workspace=workspace, path=INSTALL_PATH))


def _page(status: int, text: str, *cookies: str) -> BoltResponse:
    headers: dict[str, str | Sequence[str]] = {"Content-Type": "text/html; charset=utf-8"}
    if cookies:
        headers["Set-Cookie"] = cookies
    return BoltResponse(status=status, body=_PAGE.format(text=html.escape(text)), headers=headers)


def _bolt_request(request: Request) -> AsyncBoltRequest:
    return AsyncBoltRequest(body="", query=request.url.query, headers=dict(request.headers))


def _response(bolt: BoltResponse) -> Response:
    headers = {**bolt.first_headers_without_set_cookie(), **_HEADERS}
    response = Response(bolt.body, bolt.status, headers=headers)
    for cookie in bolt.headers.get("set-cookie", ()):
        response.headers.append("Set-Cookie", cookie)
    return response
