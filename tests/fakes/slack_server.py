"""A fake Slack server: the Web API methods that Liaison calls, ``response_url``s, and Socket Mode.

It enforces the token, the body's content type, channel membership, Block Kit, single-use triggers and the five
uses of a ``response_url``. ``tests/fakes/slack.py`` adds the people who type and click.
"""

import json
import time
from collections.abc import Mapping
from typing import Any

from aiohttp import WSMsgType, web

from adapters.testing.fake_server import Seen
from tests.fakes.slack_answers import message_json, with_locale
from tests.fakes.slack_blocks import home_faults, message_faults, view_faults, visible_block_text
from tests.fakes.slack_state import ApiFailure, Channel, HomePage, Modal, Posted
from tests.fakes.slack_workspace import SlackWorkspace

_JSON_METHODS = {
    "chat.postMessage",
    "chat.postEphemeral",
    "chat.unfurl",
    "chat.update",
    "views.open",
    "views.publish",
    "views.update",
}


class SlackServer(SlackWorkspace):
    """What Liaison calls."""

    most_sockets = 0  # at a time

    async def handle(self, request: web.Request, seen: Seen) -> web.StreamResponse:
        try:
            if seen.path == "/socket":
                return await self._socket(request)
            if seen.path.startswith("/response/"):
                return self._respond(seen.path.rpartition("/")[2], seen)
            return self._api(seen.path.removeprefix("/api/"), seen)
        finally:
            self._changed.set()

    def _api(self, method: str, seen: Seen) -> web.Response:
        handler = getattr(self, "_" + method.replace(".", "_"), None)
        try:
            token = self.app_token if method == "apps.connections.open" else self.token
            if seen.headers.get("Authorization") != f"Bearer {token}":
                raise ApiFailure("invalid_auth")
            if method != "apps.connections.open" and self.token_error:
                raise ApiFailure(self.token_error)
            if handler is None:
                raise ApiFailure("unknown_method")
            arguments = _arguments(method, seen)
            if seconds := self.rate_limits.retry_after(method, str(arguments.get("channel"))):
                headers = {"Retry-After": str(seconds)}
                return web.json_response({"ok": False, "error": "ratelimited"}, status=429, headers=headers)
            body = {"ok": True, **handler(arguments)}
        except ApiFailure as failure:
            metadata = {"response_metadata": {"messages": list(failure.messages)}} if failure.messages else {}
            body = {"ok": False, "error": failure.code, **metadata}
        return web.json_response(body, headers={"x-oauth-scopes": self.scopes})

    def _auth_test(self, _: Mapping[str, Any]) -> dict[str, Any]:
        who = {"team_id": self.team, "user_id": self.bot_user, "bot_id": self.bot_id}
        return {"url": "https://acme.slack.com/", "team": "Acme", "user": "liaison", **who}

    def _channel(self, id: object) -> Channel:
        """The id of a person opens the direct message with them."""
        if id in self.users:
            direct = f"D{str(id)[1:]}"
            return self.channels.get(direct) or self.add_channel(direct, "directmessage", members=(str(id),))
        channel = self.channels.get(str(id))
        if channel is None:
            raise ApiFailure("channel_not_found")
        if self.bot_user not in channel.members:
            raise ApiFailure("not_in_channel")
        if channel.archived:
            raise ApiFailure("is_archived")
        return channel

    def _conversation(self, arguments: Mapping[str, Any]) -> Channel:
        """A channel to look at: a public one also without the bot in it. A private one does not exist then."""
        channel = self.channels.get(str(arguments.get("channel")))
        if channel is None or (self.bot_user not in channel.members and (channel.private or channel.is_direct)):
            raise ApiFailure("channel_not_found")
        self._require_scope("im:read" if channel.is_direct else _scope_of(channel))
        return channel

    def _require_scope(self, scope: str) -> None:
        if scope not in self.scopes.split(","):
            raise ApiFailure("missing_scope")

    def _conversations_info(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        channel = self._conversation(arguments)
        return {"channel": channel.json(self.bot_user)}

    def _conversations_members(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """In pages of two, whatever the limit: "the response may have fewer items"."""
        members = sorted(self._conversation(arguments).members)
        start = int(arguments.get("cursor") or 0)
        cursor = str(start + 2) if start + 2 < len(members) else ""
        return {"members": members[start : start + 2], "response_metadata": {"next_cursor": cursor}}

    def _users_conversations(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Of the bot, or of a person: then without private channels that the bot is not in."""
        user = str(arguments.get("user") or self.bot_user)
        types = str(arguments.get("types") or "public_channel").split(",")
        for name in types:
            self._require_scope({"public_channel": "channels:read", "private_channel": "groups:read"}[name])
        found = [
            channel.json(self.bot_user)
            for channel in self.channels.values()
            if user in channel.members and not channel.is_direct and not channel.archived
            if ("private_channel" if channel.private else "public_channel") in types
            if not channel.private or self.bot_user in channel.members
        ]
        return {"channels": found, "response_metadata": {"next_cursor": ""}}

    def _check_content(self, arguments: Mapping[str, Any], method: str = "") -> None:
        if method and arguments.get("parse") != "none":
            self.linkified.append(method)  # Slack would make links and mentions of what looks like them
        if "blocks" in arguments and arguments.get("parse", "none") != "none":
            raise ApiFailure("invalid_arguments", "parse would turn text into mentions")
        if len(arguments.get("text", "")) > 4000:
            raise ApiFailure("msg_too_long")
        if not arguments.get("text") and not arguments.get("blocks"):
            raise ApiFailure("no_text")
        if "blocks" in arguments and (faults := message_faults(arguments["blocks"])):
            raise ApiFailure("invalid_blocks", *faults)

    def _chat_postMessage(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        self._check_content(arguments, "chat.postMessage")
        channel = self._channel(arguments.get("channel"))
        thread = str(arguments.get("thread_ts") or "")
        if channel.restricted:
            raise ApiFailure("restricted_action")
        if thread and all(post.ts != thread for post in channel.messages):
            raise ApiFailure("thread_not_found")
        post = Posted(
            channel.id, self.new_ts(), arguments["text"], self.bot_user, list(arguments.get("blocks", ())), thread
        )
        post.metadata = arguments.get("metadata")
        channel.add(post)
        return {"channel": channel.id, "ts": post.ts, "message": message_json(post, metadata=False)}

    def _chat_update(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        self._check_content(arguments, "chat.update")
        channel = self._channel(arguments.get("channel"))
        post = next((item for item in channel.messages if item.ts == arguments.get("ts")), None)
        if post is None:
            raise ApiFailure("message_not_found")
        if post.user != self.bot_user:
            raise ApiFailure("cant_update_message")
        if time.time() - float(post.ts) > self.edit_seconds:
            raise ApiFailure("edit_window_closed")
        before = {block.get("block_id") for block in post.blocks}
        if before & {block.get("block_id") for block in arguments.get("blocks", ())} - {None}:
            raise ApiFailure("invalid_blocks", "an update needs new block ids")
        post.text, post.blocks, post.edits = arguments["text"], list(arguments.get("blocks", ())), post.edits + 1
        post.metadata = arguments.get("metadata", post.metadata)
        return {"channel": channel.id, "ts": post.ts, "text": post.text}

    def _reactions_add(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        found = self._reactions(arguments)
        if arguments["name"] in found:
            raise ApiFailure("already_reacted")
        found.add(str(arguments["name"]))
        return {}

    def _reactions_remove(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        found = self._reactions(arguments)
        if arguments["name"] not in found:
            raise ApiFailure("no_reaction")
        found.discard(str(arguments["name"]))
        return {}

    def _reactions(self, arguments: Mapping[str, Any]) -> set[str]:
        channel, ts = self._channel(arguments.get("channel")), str(arguments.get("timestamp"))
        if all(post.ts != ts for post in channel.messages):
            raise ApiFailure("message_not_found")
        return self.reactions.setdefault((channel.id, ts), set())

    def _chat_postEphemeral(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        self._check_content(arguments, "chat.postEphemeral")
        channel, user = self._channel(arguments.get("channel")), str(arguments.get("user"))
        if user not in channel.members:
            raise ApiFailure("user_not_in_channel")
        return {"message_ts": self._post_ephemeral(channel.id, user, arguments, "chat.postEphemeral").ts}

    def _post_ephemeral(self, channel: str, user: str, arguments: Mapping[str, Any], route: str) -> Posted:
        blocks, thread = list(arguments.get("blocks", ())), str(arguments.get("thread_ts") or "")
        post = Posted(
            channel, self.new_ts(), arguments["text"], self.bot_user, blocks, thread, to=user, route=route
        )
        self.ephemerals.append(post)
        return post

    def _respond(self, id: str, seen: Seen) -> web.Response:
        if id not in self._responses:
            return web.json_response({"ok": False, "error": "expired_url"}, status=404)
        channel, user, _, uses = self._responses[id]
        uses.append(time.monotonic())
        if len(uses) > 5:
            return web.json_response({"ok": False, "error": "used_url"}, status=404)
        message = seen.json
        try:
            self._check_content(message)
        except ApiFailure as failure:
            return web.json_response({"ok": False, "error": failure.code}, status=400)
        ts = self._pressed.get(id)
        pressed = next((post for post in (*self.posts, *self.ephemerals) if post.ts == ts), None)
        if message.get("replace_original") and pressed is not None:
            pressed.text, pressed.blocks = message["text"], list(message.get("blocks", ()))
            self._changed.set()
        else:
            self._post_ephemeral(channel, user, message, "response_url")
        return web.Response(text="ok")

    def expire(self, response_url: str) -> None:
        """As after 30 minutes."""
        self._responses.pop(response_url.rpartition("/")[2], None)

    def _chat_unfurl(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        channel = self._channel(arguments.get("channel"))
        post = next((item for item in channel.messages if item.ts == arguments.get("ts")), None)
        if post is None:
            raise ApiFailure("cannot_unfurl_message")
        for url, unfurl in arguments["unfurls"].items():
            if url not in post.text:
                raise ApiFailure("cannot_unfurl_url")
            if faults := message_faults(unfurl.get("blocks")):
                raise ApiFailure("invalid_blocks", *faults)
            post.unfurls[url] = visible_block_text(unfurl["blocks"])
        return {}

    def _functions_completeSuccess(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        self._complete(arguments, str(json.loads(arguments["outputs"])["run"]))
        return {}

    def _functions_completeError(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        if not arguments.get("error"):
            raise ApiFailure("invalid_arguments")
        self._complete(arguments, f"error: {arguments['error']}")
        return {}

    def _complete(self, arguments: Mapping[str, Any], outcome: str) -> None:
        execution = str(arguments.get("function_execution_id"))
        if execution not in self.executions:
            raise ApiFailure("function_execution_not_found")
        if self.executions[execution]:
            raise ApiFailure("invalid_function_execution_state")
        self.executions[execution] = outcome

    def _chat_getPermalink(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        channel, ts = self._channel(arguments.get("channel")), str(arguments.get("message_ts"))
        if all(post.ts != ts for post in channel.messages):
            raise ApiFailure("message_not_found")
        link = f"https://acme.slack.com/archives/{channel.id}/p{ts.replace('.', '')}"
        return {"channel": channel.id, "permalink": link}

    def _conversations_history(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        channel = self._channel(arguments.get("channel"))
        include_metadata = arguments.get("include_all_metadata") in ("1", "true", True)
        newest = [post for post in reversed(channel.messages) if post.thread_ts in ("", post.ts)]
        return {
            "messages": [
                message_json(post, include_metadata) for post in newest[: int(arguments.get("limit") or 100)]
            ]
        }

    def _conversations_replies(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Oldest first, in pages."""
        channel, ts = self._channel(arguments.get("channel")), str(arguments.get("ts"))
        include_metadata = arguments.get("include_all_metadata") in ("1", "true", True)
        thread = [post for post in channel.messages if ts in (post.ts, post.thread_ts)]
        if not thread:
            raise ApiFailure("thread_not_found")
        start, limit = int(arguments.get("cursor") or 0), int(arguments.get("limit") or 100)
        cursor = str(start + limit) if start + limit < len(thread) else ""
        page = [message_json(post, include_metadata) for post in thread[start : start + limit]]
        return {"messages": page, "has_more": bool(cursor), "response_metadata": {"next_cursor": cursor}}

    def _users_info(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        if arguments.get("user") not in self.users:
            raise ApiFailure("user_not_found")
        return {"user": with_locale(self.users[str(arguments["user"])], arguments)}

    def _users_lookupByEmail(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        found = [user for user in self.users.values() if user["profile"].get("email") == arguments.get("email")]
        if not found:
            raise ApiFailure("users_not_found")
        return {"user": with_locale(found[0], {})}

    def _users_list(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        members = [with_locale(user, arguments) for user in self.users.values()]
        return {"members": members, "response_metadata": {"next_cursor": ""}}

    def _usergroups_list(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        self._require_scope("usergroups:read")
        users = str(arguments.get("include_users") or "0").lower() in ("1", "true")
        groups = [
            {"id": id, "handle": handle, "name": handle.title(), **({"users": members} if users else {})}
            for id, (handle, members) in self.groups.items()
        ]
        return {"usergroups": groups}

    def _views_open(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        user, created_at = self._triggers.get(str(arguments.get("trigger_id")), ("", 0.0))
        if not user:
            raise ApiFailure("invalid_trigger_id")
        if created_at == 0.0:
            raise ApiFailure("exchanged_trigger_id")
        if time.monotonic() - created_at > self.trigger_life:
            raise ApiFailure("expired_trigger_id")
        self._triggers[str(arguments["trigger_id"])] = (user, 0.0)
        modal = Modal(f"V{next(self._numbers)}", user, self._valid_view(arguments))
        self.modals[modal.id] = modal
        return {"view": {"id": modal.id, **modal.view}}

    def _views_update(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        if arguments.get("view_id") not in self.modals:
            raise ApiFailure("not_found")
        modal = self.modals[str(arguments["view_id"])]
        modal.show(self._valid_view(arguments))
        return {"view": {"id": modal.id, **modal.view}}

    def _views_publish(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        user = str(arguments.get("user_id") or "")
        if user not in self.users:
            raise ApiFailure("user_not_found")
        if faults := home_faults(arguments["view"]):
            raise ApiFailure("invalid_arguments", *faults)
        page = self.homes.setdefault(user, HomePage(f"V{next(self._numbers)}", user))
        page.view = dict(arguments["view"])
        page.published.append(time.monotonic())
        return {"view": {"id": page.id, **page.view}}

    def _conversations_open(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        if arguments.get("users") not in self.users:
            raise ApiFailure("user_not_found")
        return {"channel": {"id": self._channel(arguments["users"]).id}}

    def _valid_view(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        if faults := view_faults(arguments["view"]):
            raise ApiFailure("invalid_arguments", *faults)
        return dict(arguments["view"])

    def _apps_connections_open(self, _: Mapping[str, Any]) -> dict[str, Any]:
        return {"url": f"ws://127.0.0.1:{self.port}/socket"}

    async def _socket(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        if self.link_disabled:
            await socket.send_json({"type": "disconnect", "reason": "link_disabled"})
            await socket.close()
            return socket
        self.sockets.append(socket)
        self.most_sockets = max(self.most_sockets, len(self.sockets))
        await socket.send_json({"type": "hello", "num_connections": len(self.sockets)})
        self._changed.set()
        async for frame in socket:
            if frame.type is WSMsgType.TEXT:
                answer = json.loads(frame.data)
                waiting = self.envelopes.pop(answer["envelope_id"], None)
                if waiting is not None and not waiting.done():
                    waiting.set_result(answer.get("payload"))
        self.sockets.remove(socket)
        return socket


def _scope_of(channel: Channel) -> str:
    return "groups:read" if channel.private else "channels:read"


def _arguments(method: str, seen: Seen) -> Mapping[str, Any]:
    """JSON where Slack's SDK sends JSON, otherwise the query."""
    content_type = seen.headers.get("Content-Type", "")
    if method in _JSON_METHODS:
        if seen.method != "POST" or not content_type.startswith("application/json"):
            raise ApiFailure("invalid_post_type")
        read: Mapping[str, Any] = seen.json
        return read
    if content_type.startswith("application/json") and seen.body:
        raise ApiFailure("invalid_arguments", "this method takes no JSON")
    return dict(seen.query)
