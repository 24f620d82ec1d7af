"""``/api/v4`` as 5.37 responds to a token, and the ``response_url``."""

import json
import re
import time
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from adapters.testing.fake_server import Seen
from tests.fakes.mattermost.blocks import Json
from tests.fakes.mattermost.models import Channel, Dialog, Post, User, millis, new_id
from tests.fakes.mattermost.rejection import Rejection
from tests.fakes.mattermost.rules import FORBIDDEN, check_attachments, check_dialog, check_post
from tests.fakes.mattermost.state import SiteState

ID = "([a-z0-9]{26})"
PluginHandler = Callable[[web.Request, Seen], Awaitable[web.StreamResponse | None]]


def _group_id(name: str) -> str:
    return name.ljust(26, "g")


PENDING_MILLISECONDS = 30_000  # in which a second request with the same id makes no second post


class RestApi(SiteState):
    plugin_handler: PluginHandler | None = None

    async def handle(self, request: web.Request, seen: Seen) -> web.StreamResponse:
        path = seen.path.removeprefix(self.sub_path) if seen.path.startswith(f"{self.sub_path}/") else None
        if path is None:
            return web.Response(status=404, text="<!DOCTYPE html>not this site")
        if path == "/api/v4/websocket":
            return await self.sockets.serve(request)
        if self.plugin_handler is not None and path.startswith("/plugins/"):
            response = await self.plugin_handler(request, seen)
            if response is not None:
                return response
        allowed, headers = self.rate_limit.take(path) if self.rate_limit else (True, {})
        if not allowed:
            return web.Response(status=429, text="limit exceeded", headers=headers)
        response = await self._respond(request, seen, path)
        response.headers.update(headers)
        return response

    async def _respond(self, request: web.Request, seen: Seen, path: str) -> web.StreamResponse:
        try:
            if hook := re.fullmatch(r"/hooks/commands/([a-z0-9]+)", path):
                return self._response_url(hook[1], seen)
            if not path.startswith("/api/v4/"):
                raise Rejection(404, "api.context.404.app_error")
            scheme, _, token = seen.headers.get("Authorization", "").partition(" ")
            user = self.user_of(token) if scheme.lower() == "bearer" else None
            if user is None:
                raise Rejection(401, "api.context.session_expired.app_error", "Invalid or expired session.")
            status, body = await self._api(seen, path.removeprefix("/api/v4"), user)
        except Rejection as rejection:
            status, body = rejection.status, _error(rejection)
        return web.json_response(body, status=status, headers={"X-Version-Id": self.version_id})

    async def _api(self, seen: Seen, path: str, user: User) -> tuple[int, Any]:
        for method, pattern, handler in self._routes():
            found = re.fullmatch(pattern, path) if seen.method == method else None
            if found is not None:
                body = handler(seen, user, *found.groups())
                body = await body if hasattr(body, "__await__") else body
                return (201 if method == "POST" and pattern in ("/posts", "/channels/direct") else 200), body
        raise Rejection(404, "api.context.404.app_error", f"no such endpoint: {seen.method} {path}")

    def _routes(self) -> list[tuple[str, str, Callable[..., Any]]]:
        return [
            (
                "GET",
                f"/users/(me|{ID})",
                lambda s, u, user_id, _: self._user(u if user_id == "me" else self.users.get(user_id)),
            ),
            ("GET", r"/users/username/([a-z0-9._-]+)", lambda s, u, name: self._user(self.user_named(name))),
            ("GET", r"/users/email/([^/]+)", lambda s, u, email: self._user(self._by_email(email))),
            ("GET", "/users", self._in_channel),
            ("GET", "/groups", self._groups),
            ("GET", f"/groups/{ID}/members", self._group_members),
            ("POST", "/users/search", lambda s, u: self._search(s.json["term"])),
            ("POST", "/users/ids", lambda s, u: [self.users[id].json() for id in s.json if id in self.users]),
            ("GET", f"/users/(me|{ID})/teams", lambda s, u, user_id, _: self._teams(u)),
            ("GET", r"/teams/name/([a-z0-9-]+)", lambda s, u, name: self._team("name", name)),
            ("GET", f"/teams/{ID}", lambda s, u, id: self._team("id", id)),
            (
                "GET",
                f"/users/(me|{ID})/teams/{ID}/channels",
                lambda s, u, user_id, _, team: self._channels(u, team),
            ),
            ("GET", f"/channels/{ID}", lambda s, u, id: self._shown(self._visible_channel(u, id))),
            ("GET", f"/channels/{ID}/stats", self._channel_stats),
            ("GET", f"/channels/{ID}/members/{ID}", self._channel_member),
            ("GET", f"/teams/{ID}/members/{ID}", self._team_member),
            ("POST", "/channels/direct", self._direct),
            ("GET", f"/channels/{ID}/posts", self._posts),
            ("POST", "/posts", self._create),
            ("GET", f"/posts/{ID}", self._get_post),
            ("DELETE", f"/posts/{ID}", self._delete),
            ("GET", f"/posts/{ID}/thread", self._thread),
            ("PUT", f"/posts/{ID}/patch", self._patch),
            ("POST", "/reactions", self._react),
            ("DELETE", f"/users/{ID}/posts/{ID}/reactions/([a-z0-9_+-]+)", self._take_reaction_back),
            ("POST", "/actions/dialogs/open", self._open_dialog),
            ("GET", "/system/ping", lambda s, u: {"status": "OK"}),
        ]

    # Users, teams, channels

    def _user(self, user: User | None) -> Json:
        if user is None:
            raise Rejection(404, "app.user.missing_account.const", "Unable to find the user.")
        return user.json()

    def _search(self, term: str) -> list[Json]:
        """A prefix of any of the names, as the server searches; deactivated people are left out."""
        names = ("username", "first_name", "last_name", "nickname")
        users = [user.json() for user in self.users.values()]
        matches = [
            user
            for user in users
            if any(str(user.get(name) or "").lower().startswith(term.lower()) for name in names)
            or f"{user.get('first_name')} {user.get('last_name')}".lower().startswith(term.lower())
        ]
        return [user for user in matches if not user.get("delete_at")]

    def _in_channel(self, seen: Seen, user: User) -> list[Json]:
        """Bots too, in the order of their usernames."""
        channel = self._channel(user, seen.query["in_channel"])
        found = sorted((self.users[id] for id in channel.members), key=lambda member: member.username)
        return [member.json() for member in found][: int(seen.query.get("per_page", 60))]

    def _groups(self, seen: Seen, user: User) -> list[Json]:
        """Only with an Enterprise licence (api4/group.go)."""
        if not self.groups:
            raise Rejection(501, "api.ldap_groups.license_error", "your license does not support groups")
        query = seen.query.get("q", "").lower()
        found = [name for name in self.groups if query in name]
        return [{"id": _group_id(name), "name": name, "display_name": name.title()} for name in found]

    def _group_members(self, seen: Seen, user: User, id: str) -> Json:
        if not self.shows_group_members:
            raise Rejection(
                403, "api.context.permissions.app_error", "You do not have the appropriate permissions."
            )
        members = next(members for name, members in self.groups.items() if _group_id(name) == id)
        shown = [member.json() for member in members][: int(seen.query.get("per_page", 60))]
        return {"members": shown, "total_member_count": len(members)}

    def _by_email(self, email: str) -> User | None:
        return next((user for user in self.users.values() if user.email == email.lower()), None)

    def _teams(self, user: User) -> list[Json]:
        return [self.team] if user.id in self.team_members else []

    def _team(self, field: str, value: str) -> Json:
        if self.team[field] != value:
            raise Rejection(404, "app.team.get_by_name.missing.app_error", "Unable to find the team.")
        return self.team

    def _channels(self, user: User, team: str) -> list[Json]:
        if team != self.team["id"] or user.id not in self.team_members:
            raise Rejection(403, FORBIDDEN)
        members_channels = [channel for channel in self.channels.values() if user.id in channel.members]
        return [channel.json() for channel in members_channels if channel.team in ("", team)]

    def _channel(self, user: User, id: str) -> Channel:
        channel = self.channels.get(id)
        if channel is None:
            raise Rejection(404, "app.channel.get.existing.app_error", "Unable to find the existing channel.")
        if user.id not in channel.members:
            raise Rejection(403, FORBIDDEN, "You do not have the appropriate permissions.")
        return channel

    def _shown(self, channel: Channel) -> Json:
        is_shared = any(self.users[member].remote_id for member in channel.members)
        return channel.json() | ({"shared": True} if is_shared else {})

    def _visible_channel(self, user: User, id: str) -> Channel:
        """A public channel can be looked at by everybody in its team."""
        channel = self.channels.get(id)
        if channel is not None and channel.type == "O" and user.id in self.team_members:
            return channel
        return self._channel(user, id)

    def _channel_stats(self, seen: Seen, user: User, id: str) -> Json:
        members = [self.users[member] for member in self._channel(user, id).members]
        guests = sum("system_guest" in member.roles for member in members)
        return {"channel_id": id, "member_count": len(members), "guest_count": guests, "pinnedpost_count": 0}

    def _channel_member(self, seen: Seen, user: User, channel: str, member: str) -> Json:
        """403 for a channel that the asker is not in, 404 for somebody who is not in it."""
        found = self._channel(user, channel)
        if member not in found.members:
            raise Rejection(
                404,
                "app.channel.get_member.missing.app_error",
                "No channel member found for that user ID and channel ID.",
            )
        is_guest = "system_guest" in self.users[member].roles
        return {
            "channel_id": channel,
            "user_id": member,
            "roles": "channel_guest" if is_guest else "channel_user",
            "scheme_guest": is_guest,
            "scheme_user": not is_guest,
            "scheme_admin": False,
        }

    def _team_member(self, seen: Seen, user: User, team: str, member: str) -> Json:
        if user.id not in self.team_members or team != self.team["id"]:
            raise Rejection(403, FORBIDDEN, "You do not have the appropriate permissions.")
        if member not in self.team_members and member not in self.former_team_members:
            raise Rejection(
                404, "app.team.get_member.missing.app_error", "No team member found for that user ID and team ID."
            )
        left = 1 if member in self.former_team_members else 0
        return {"team_id": team, "user_id": member, "roles": "", "delete_at": left, "scheme_user": not left}

    def _direct(self, seen: Seen, user: User) -> Json:
        ids = seen.json
        if len(ids) != 2 or user.id not in ids or any(id not in self.users for id in ids):
            raise Rejection(400, "api.context.invalid_body_param.app_error")
        return self.direct(self.users[ids[0]], self.users[ids[1]]).json()

    # Posts

    async def _create(self, seen: Seen, user: User) -> Json:
        body = seen.json
        pending = str(body.get("pending_post_id") or "")
        earlier = self.posts.get(self.pending.get(pending, ""))
        if earlier is not None and millis() - earlier.create_at < PENDING_MILLISECONDS:
            if earlier.delete_at:
                raise Rejection(500, "api.post.deduplicate_create_post.failed_to_get")
            return earlier.json() | {"pending_post_id": pending}
        channel = self.channels.get(str(body.get("channel_id")))
        if channel is None or user.id not in channel.members:
            raise Rejection(403, FORBIDDEN, "You do not have the appropriate permissions.")
        if channel.archived:
            raise Rejection(400, "api.post.create_post.can_not_post_to_deleted.error")
        message, props, root = body.get("message") or "", dict(body.get("props") or {}), body.get("root_id") or ""
        check_post(message, props, self.version_numbers, blocks=self.draws_blocks)
        above = self.posts.get(root)
        if root and (above is None or above.root or above.delete_at or above.channel != channel.id):
            raise Rejection(400, "api.post.create_post.root_id.app_error", "Invalid RootId parameter.")
        if user.is_bot:
            props["from_bot"] = "true"
        post = await self.store_post(Post(user.id, channel.id, message, props, root=root, pending=pending))
        return post.json() | {"pending_post_id": pending}

    async def _patch(self, seen: Seen, user: User, id: str) -> Json:
        post = self.posts.get(id)
        if (
            post is None
            or post.delete_at
            or post.user != user.id
            or user.id not in self.channels[post.channel].members
        ):
            raise Rejection(403, FORBIDDEN, "You do not have the appropriate permissions.")
        if self.channels[post.channel].archived:
            raise Rejection(400, "api.post.patch_post.can_not_update_post_in_deleted.error")
        if millis() - post.create_at > self.edit_seconds * 1000:
            raise Rejection(400, "api.post.update_post.permissions_time_limit.app_error")
        body = seen.json
        message, props = body.get("message", post.message), body.get("props", post.props)
        check_post(message, props, self.version_numbers, blocks=self.draws_blocks)
        return (await self.change(post, body.get("message"), body.get("props"))).json()

    def _get_post(self, seen: Seen, user: User, id: str) -> Json:
        post = self._post(id, 404)
        self._channel(user, post.channel)
        return post.json()

    def _post(self, id: str, status: int) -> Post:
        post = self.posts.get(id)
        if post is None or post.delete_at:
            raise Rejection(status, "app.post.get.app_error", "Unable to get the post.")
        return post

    def _delete(self, seen: Seen, user: User, id: str) -> Json:
        self.delete(self._post(id, 403))
        return {"status": "OK"}

    def delete(self, post: Post) -> None:
        """With its replies, if it started a thread."""
        for other in self.posts.values():
            if other is post or other.root == post.id:
                other.delete_at = other.delete_at or millis()
        self.changed()

    def _react(self, seen: Seen, user: User) -> Json:
        body = seen.json
        if body["user_id"] != user.id or self.channels[self._post(body["post_id"], 403).channel].archived:
            raise Rejection(403, FORBIDDEN)
        self._channel(user, self.posts[body["post_id"]].channel)
        self.reactions.setdefault(body["post_id"], set()).add((user.id, body["emoji_name"]))
        self.changed()
        return dict(body)

    def _take_reaction_back(self, seen: Seen, user: User, id: str, post: str, emoji: str) -> Json:
        if id != user.id:
            raise Rejection(403, FORBIDDEN)
        self.reactions.setdefault(post, set()).discard((user.id, emoji))
        return {"status": "OK"}

    def _thread(self, seen: Seen, user: User, id: str) -> Json:
        root = self._post(id, 404).root or id
        channel = self._channel(user, self.posts[root].channel)
        return _list(self.posts_in(channel, root=root))

    def _posts(self, seen: Seen, user: User, id: str) -> Json:
        channel = self._channel(user, id)
        posts = [post for post in self.posts.values() if post.channel == channel.id]
        size, page = min(int(seen.query.get("per_page", 60)), 200), int(seen.query.get("page", 0))
        if after := seen.query.get("after"):
            if after not in self.posts:
                raise Rejection(404, "app.post.get_posts_around.get.app_error")
            younger = [
                post for post in posts if post.create_at > self.posts[after].create_at and not post.delete_at
            ]
            return _list(younger[page * size : (page + 1) * size])
        newest = [post for post in reversed(posts) if not post.delete_at]
        return _list(list(reversed(newest[page * size : (page + 1) * size])))

    # Integrations

    def _open_dialog(self, seen: Seen, user: User) -> Json:
        body = seen.json
        presser, channel, created_at = self.triggers.get(str(body.get("trigger_id")), (None, None, 0))
        if presser is None or channel is None:
            raise Rejection(400, "interactive_message.decode_trigger_id.base64_decode_failed")
        if time.time() * 1000 - created_at > self.trigger_seconds * 1000:
            raise Rejection(
                400,
                "interactive_message.decode_trigger_id.expired",
                "Trigger ID for interactive dialog is expired.",
            )
        if not str(body.get("url", "")).startswith(("http://", "https://")):
            raise Rejection(400, "api.context.invalid_body_param.app_error")
        check_dialog(body.get("dialog"), self.version_numbers)
        self.dialogs.append(Dialog(presser, channel, str(self.team["id"]), body["url"], body["dialog"]))
        self.changed()
        return {"status": "OK"}

    def _response_url(self, hook: str, seen: Seen) -> web.Response:
        """Valid for 5 uses within 30 minutes (``CommandWebhookLifetime``)."""
        if hook not in self.hooks:
            raise Rejection(404, "app.command_webhook.get.missing", "Unable to get the webhook.")
        user, channel, created_at, uses_left = self.hooks[hook]
        if uses_left <= 0 or time.time() * 1000 - created_at > 30 * 60_000:
            raise Rejection(400, "app.command_webhook.try_use.invalid", "Invalid webhook.")
        body = json.loads(seen.body)
        check_attachments(body.get("attachments") or [])
        self.hooks[hook] = (user, channel, created_at, uses_left - 1)
        if body.get("text") or body.get("attachments"):
            self.show_answer(user, channel, body)
        return web.Response(text="ok")


def _list(posts: list[Post]) -> Json:
    """``order`` has the newest post first."""
    return {
        "order": [post.id for post in reversed(posts)],
        "posts": {post.id: post.json() for post in posts},
        "next_post_id": "",
        "prev_post_id": "",
    }


def _error(rejection: Rejection) -> Json:
    return {
        "id": rejection.id,
        "message": rejection.message,
        "detailed_error": "",
        "request_id": new_id(),
        "status_code": rejection.status,
    }
