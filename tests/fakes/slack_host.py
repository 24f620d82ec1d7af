"""A fake Slack with several workspaces, in which one app can be installed by OAuth.

Strict as Slack: ``oauth.v2.access`` takes each code once, from this client and for the redirect URL that it was
issued for; a token works in its own workspace alone, and not after ``auth.revoke`` or an uninstall.
"""

import base64
import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import aiohttp
from aiohttp import web

from adapters.testing.fake_server import Fake, Seen
from tests.fakes.slack import Slack
from tests.fakes.slack_deliveries import Delivered, Kind
from tests.fakes.slack_state import ApiFailure
from tests.fakes.slack_workspace import SCOPES


class HostedSlack(Slack):
    """One workspace, or with ``organization`` all of a Grid organisation. Its users and channels are its own."""

    def __init__(self, host: "SlackHost", team: str, name: str, organization: str) -> None:
        self.host = host
        super().__init__()
        self.team, self.team_name, self.organization = team, name, organization
        self.token = ""
        self.bot_user, self.bot_id = f"U0BOT{team}", f"B0BOT{team}"
        self.trigger_life = 60.0
        self.port = host.port
        self.signing_secret, self.app_token = host.signing_secret, host.app_token
        self.sockets, self.deaf, self.envelopes = host.sockets, host.deaf, host.envelopes
        self._numbers = host.numbers
        self.add_user(self.bot_user, "liaison", is_bot=True)

    @property
    def id(self) -> str:
        return self.organization or self.team

    def add_user(self, id: str, name: str, *, email: str = "", **fields: Any) -> str:
        organization = getattr(self, "organization", "")
        member = {"enterprise_user": {"enterprise_id": organization}} if organization else {}
        return super().add_user(id, name, email=email, **member, **fields)

    def _auth_test(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        found = {**super()._auth_test(arguments), "team": self.team_name, "team_id": self.id}
        if not self.organization:
            return found
        return {**found, "enterprise_id": self.organization, "is_enterprise_install": True}

    def _users_list(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        self._require_team(arguments)
        return super()._users_list(arguments)

    def _users_conversations(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        self._require_team(arguments)
        return super()._users_conversations(arguments)

    def _require_team(self, arguments: Mapping[str, Any]) -> None:
        """Slack docs, "users.list": team_id is "required if org token is used"."""
        if self.organization and arguments.get("team_id") != self.team:
            raise ApiFailure("missing_argument" if not arguments.get("team_id") else "team_not_found")

    async def deliver(self, app_url: str, kind: Kind, payload: Mapping[str, Any], **options: Any) -> Delivered:
        return await super().deliver(app_url, kind, self._of_organization(kind, payload), **options)

    def _of_organization(self, kind: Kind, payload: Mapping[str, Any]) -> Mapping[str, Any]:
        if not self.organization:
            return payload
        if kind == "slash_commands":
            return {**payload, "enterprise_id": self.organization, "is_enterprise_install": "true"}
        if kind == "interactive":
            enterprise = {"id": self.organization, "name": self.team_name}
            return {**payload, "enterprise": enterprise, "is_enterprise_install": True}
        authorization = {
            "enterprise_id": self.organization,
            "team_id": None,
            "user_id": self.bot_user,
            "is_bot": True,
            "is_enterprise_install": True,
        }
        return {**payload, "authorizations": [authorization]}

    async def uninstall(self, app_url: str) -> Delivered:
        """A person removes the app: its tokens end at once, then the events are delivered."""
        self.end_token("account_inactive")
        revoked = {"type": "tokens_revoked", "tokens": {"oauth": [], "bot": [self.bot_user]}}
        await self.deliver(app_url, "events_api", self.envelope(revoked))
        body = self.envelope({"type": "app_uninstalled"})
        return await self.deliver(app_url, "events_api", {**body, "authorizations": []})

    def end_token(self, error: str) -> None:
        """Every call with the token gets this error from now on."""
        self.host.ended[self.token] = error
        self.token = ""


@dataclass
class Code:
    workspace: HostedSlack
    redirect_uri: str
    used: bool = False


class SlackHost(Fake):
    """``tokens``: token -> its workspace. ``ended``: those that do not work any more, and the error."""

    def __init__(self) -> None:
        super().__init__()
        self.client_id, self.client_secret = "111.222", "client-secret-of-the-app"
        self.signing_secret, self.app_token = "8f742231b10e8888abcd99yyyzzz85a5", "xapp-1-host"
        self.workspaces: dict[str, HostedSlack] = {}
        self.tokens: dict[str, HostedSlack] = {}
        self.ended: dict[str, str] = {}
        self.sockets: list[web.WebSocketResponse] = []
        self.deaf: list[web.WebSocketResponse] = []
        self.envelopes: dict[str, Any] = {}
        self.numbers = itertools.count(1)
        self._codes: dict[str, Code] = {}

    @property
    def api_url(self) -> str:
        return f"{self.url}/api/"

    async def stop(self) -> None:
        for workspace in self.workspaces.values():
            await workspace.stop()
        await super().stop()

    def add(self, team: str, name: str, *, organization: str = "") -> HostedSlack:
        self.workspaces[team] = HostedSlack(self, team, name, organization)
        return self.workspaces[team]

    def issue_token(self, workspace: HostedSlack) -> str:
        """Slack keeps the token of an app that is installed again."""
        if not workspace.token:
            workspace.token = f"xoxb-{next(self.numbers)}-{workspace.id}"
            self.tokens[workspace.token] = workspace
        return workspace.token

    def authorize(self, url: str, team: str, *, deny: bool = False) -> str:
        """A person opens the page to which /slack/install sends them. Returns where Slack sends them then."""
        asked, given = urlsplit(url), dict(parse_qsl(urlsplit(url).query))
        assert f"{asked.scheme}://{asked.netloc}{asked.path}" == f"{self.url}/oauth/v2/authorize"
        assert given["client_id"] == self.client_id
        assert given["scope"].split(",") == SCOPES.split(",")
        code = f"{next(self.numbers)}.code"
        self._codes[code] = Code(self.workspaces[team], given["redirect_uri"])
        answer = {"error": "access_denied"} if deny else {"code": code}
        return f"{given['redirect_uri']}?{urlencode({**answer, 'state': given['state']})}"

    async def handle(self, request: web.Request, seen: Seen) -> web.StreamResponse:
        first = next(iter(self.workspaces.values()))
        if seen.path in ("/socket", "/api/apps.connections.open"):
            return await first.handle(request, seen)
        if seen.path.startswith("/response/"):
            id = seen.path.rpartition("/")[2]
            owner = next((one for one in self.workspaces.values() if id in one._responses), first)
            return await owner.handle(request, seen)
        if seen.path == "/api/oauth.v2.access":
            return web.json_response(self._access(seen))
        token = seen.headers.get("Authorization", "").removeprefix("Bearer ")
        if token in self.ended or token not in self.tokens:
            return web.json_response({"ok": False, "error": self.ended.get(token, "invalid_auth")})
        if seen.path == "/api/auth.revoke":
            self.tokens[token].end_token("token_revoked")
            return web.json_response({"ok": True, "revoked": True})
        return await self.tokens[token].handle(request, seen)

    def _access(self, seen: Seen) -> dict[str, Any]:
        given = {**seen.query, **dict(parse_qsl(seen.body.decode()))}
        scheme, _, basic = seen.headers.get("Authorization", "").partition(" ")
        if scheme == "Basic":
            given["client_id"], _, given["client_secret"] = base64.b64decode(basic).decode().partition(":")
        code = self._codes.get(given.get("code", ""))
        if given.get("client_id") != self.client_id:
            return {"ok": False, "error": "invalid_client_id"}
        if given.get("client_secret") != self.client_secret:
            return {"ok": False, "error": "bad_client_secret"}
        if code is None or code.used:
            return {"ok": False, "error": "code_already_used" if code else "invalid_code"}
        if given.get("redirect_uri") != code.redirect_uri:
            return {"ok": False, "error": "bad_redirect_uri"}
        code.used = True
        workspace = code.workspace
        here = {"id": workspace.team, "name": workspace.team_name}
        organization = {"id": workspace.organization, "name": workspace.team_name}
        return {
            "ok": True,
            "app_id": "A1",
            "access_token": self.issue_token(workspace),
            "token_type": "bot",
            "scope": SCOPES,
            "bot_user_id": workspace.bot_user,
            "team": None if workspace.organization else here,
            "enterprise": organization if workspace.organization else None,
            "is_enterprise_install": bool(workspace.organization),
            "authed_user": {"id": "U0ADMIN"},
        }


class Browser:
    """A person's browser, with its cookies."""

    def __init__(self, host: SlackHost, liaison_url: str) -> None:
        self.host = host
        self.url = liaison_url
        self._http = aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True))

    async def __aenter__(self) -> "Browser":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._http.close()

    async def begin(self) -> str:
        """Opens /slack/install. Returns the address of Slack's page."""
        async with self._http.get(f"{self.url}/slack/install", allow_redirects=False) as response:
            assert response.status == 302
            assert "HttpOnly" in response.headers["Set-Cookie"]
            return response.headers["Location"]

    async def open(self, url: str) -> tuple[int, str]:
        async with self._http.get(url) as response:
            return response.status, await response.text()

    async def install(self, team: str, *, deny: bool = False) -> tuple[int, str]:
        return await self.open(self.host.authorize(await self.begin(), team, deny=deny))
