"""The site's state, shared by all parts of the fake."""

import asyncio
import json
from collections.abc import Callable
from typing import TypeVar

from adapters.testing.fake_server import Fake
from tests.fakes.mattermost.blocks import Json, named_actions
from tests.fakes.mattermost.models import (
    Channel,
    Dialog,
    Post,
    User,
    full_attachment,
    mentioned,
    millis,
    new_id,
)
from tests.fakes.mattermost.sockets import Sockets, broadcast
from tests.fakes.rate_limits import ServerLimit

T = TypeVar("T")


class SiteState(Fake):
    """``sub_path`` is the path of the site ("/chat"). Triggers are valid for ``trigger_seconds``."""

    def __init__(self, *, command: str = "/run", sub_path: str = "", version: str = "5.37.0") -> None:
        super().__init__()
        self.version = version
        self.draws_blocks = False  # the feature flag MmBlocksEnabled, which older servers don't have
        self.keeps_actions = False  # edits can't change the actions of blocks
        self.command_word = command
        self.sub_path = sub_path
        self.trigger_seconds = 3.0
        self.proxies: dict[str, str] = {}  # a public address of the bot -> where it really is
        self.rate_limit: ServerLimit | None = None  # off by default, as on a server
        self.edit_seconds = 1e9  # PostEditTimeLimit; the server's default is none
        self.users: dict[str, User] = {}
        self.channels: dict[str, Channel] = {}
        self.posts: dict[str, Post] = {}
        self.ephemerals: list[Post] = []
        self.reactions: dict[str, set[tuple[str, str]]] = {}  # post -> (user, emoji)
        self.dialogs: list[Dialog] = []
        self.triggers: dict[str, tuple[User, Channel, int]] = {}
        self.hooks: dict[str, tuple[User, Channel, int, int]] = {}  # response_url id -> ..., made at, uses left
        self.pending: dict[str, str] = {}
        self.team = {"id": new_id(), "name": "ops", "display_name": "Ops", "type": "O"}
        self.team_members: set[str] = set()
        self.former_team_members: set[str] = set()  # the server keeps their records
        self.command_token = new_id()
        self.service_settings: Json = {
            "SiteURL": None,  # the address of this fake
            "AllowedUntrustedInternalConnections": "",
            "EnablePostUsernameOverride": False,
            "EnablePostIconOverride": False,
            "EnableCommands": True,
        }
        self.sockets = Sockets(self.user_of, self.changed)
        self._wake: asyncio.Event | None = None
        self.ana = self.add_user("ana", email="ana@example.com", first_name="Ana", last_name="Costa")
        self.ben = self.add_user("ben", email="ben@example.com", first_name="Ben")
        self.gil = self.add_user("gil", email="gil@example.com", roles="system_guest")
        self.bot = self.add_user("liaison", is_bot=True, email="liaison@localhost")
        self.groups: dict[str, list[User]] = {}  # by name; None without a licence
        self.shows_group_members = True
        self.town = self.add_channel("town-square", *self.users.values())
        self.far = self.add_channel("far-away", self.ana, self.ben)

    @property
    def version_id(self) -> str:
        """As in the header ``X-Version-Id``."""
        return f"{self.version}.{self.version}.fake.false"

    @property
    def version_numbers(self) -> tuple[int, ...]:
        return tuple(int(part) for part in self.version.split("."))

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}{self.sub_path}"

    def add_user(
        self,
        username: str,
        *,
        email: str = "",
        roles: str = "system_user",
        is_bot: bool = False,
        first_name: str = "",
        last_name: str = "",
    ) -> User:
        """A member of the team; ``roles`` "system_guest" makes a guest."""
        user = User(username, email=email, roles=roles, is_bot=is_bot, first_name=first_name, last_name=last_name)
        self.users[user.id] = user
        self.team_members.add(user.id)
        return user

    def add_channel(self, name: str, *members: User, type: str = "O") -> Channel:
        channel = Channel(name, str(self.team["id"]), type, members={member.id for member in members})
        self.channels[channel.id] = channel
        return channel

    async def leave(self, channel: Channel, user: User) -> None:
        """Leaves the channel by themselves, as recorded on 5.37."""
        channel.members.discard(user.id)
        event = {
            "event": "user_removed",
            "data": {"remover_id": user.id, "user_id": user.id},
            "broadcast": broadcast(channel=channel.id),
        }
        await self.sockets.publish(event, channel.members)

    async def join(self, channel: Channel, user: User) -> None:
        """Is added to the channel, as recorded on 5.37."""
        channel.members.add(user.id)
        data = {"team_id": channel.team, "user_id": user.id}
        event = {"event": "user_added", "data": data, "broadcast": broadcast(channel=channel.id)}
        await self.sockets.publish(event, channel.members)

    async def restore(self, channel: Channel) -> None:
        """Unarchives a channel, which the whole team learns."""
        channel.archived = False
        event = {"event": "channel_restored", "data": {"channel_id": channel.id}, "broadcast": broadcast()}
        await self.sockets.publish(event, self.team_members)

    async def leave_team(self, user: User) -> None:
        self.team_members.discard(user.id)
        self.former_team_members.add(user.id)
        for channel in self.channels.values():
            channel.members.discard(user.id)
        data = {"team_id": self.team["id"], "user_id": user.id}
        event = {"event": "leave_team", "data": data, "broadcast": broadcast()}
        await self.sockets.publish(event, self.team_members)

    def direct(self, first: User, second: User) -> Channel:
        """Their direct channel, which is created on first use."""
        name = "__".join(sorted((first.id, second.id)))
        found = next((channel for channel in self.channels.values() if channel.name == name), None)
        if found is None:
            found = Channel(name, "", "D", members={first.id, second.id})
            self.channels[found.id] = found
        return found

    def user_of(self, token: str) -> User | None:
        return next((user for user in self.users.values() if user.token == token and not user.deleted), None)

    def user_named(self, username: str) -> User | None:
        return next((user for user in self.users.values() if user.username == username), None)

    # Read by tests

    def posts_in(self, channel: Channel, *, root: str | None = None) -> list[Post]:
        """Oldest first, without deleted posts. ``root``: only the posts of this thread, including its root."""
        posts = [post for post in self.posts.values() if post.channel == channel.id and not post.delete_at]
        return [post for post in posts if root is None or root in (post.root, post.id)]

    def last_post(self, channel: Channel, *, by: User | None = None) -> Post | None:
        """The newest post of the bot (or of ``by``) in the channel."""
        author = (by or self.bot).id
        return next((post for post in reversed(self.posts_in(channel)) if post.user == author), None)

    def private(self, user: User) -> list[Post]:
        return [post for post in self.ephemerals if post.seen_by == user.id]

    def dialog_of(self, user: User) -> Dialog | None:
        return next((dialog for dialog in reversed(self.dialogs) if dialog.user is user and dialog.open), None)

    async def until(self, predicate: Callable[[], T | None], seconds: float = 20.0) -> T:
        """Waits until ``predicate()`` is truthy, and returns its result."""
        async with asyncio.timeout(seconds):
            while True:
                self._wake = self._wake or asyncio.Event()
                self._wake.clear()
                if found := predicate():
                    return found
                try:
                    async with asyncio.timeout(0.2):  # the predicate may depend on something outside the fake
                        await self._wake.wait()
                except TimeoutError:
                    continue

    def changed(self) -> None:
        if self._wake is not None:
            self._wake.set()

    # Done by the server

    async def store_post(self, post: Post, *, lose: bool = False) -> Post:
        """Stores a new post and publishes it to the members of the channel."""
        if post.attachments:
            post.props["attachments"] = [full_attachment(item) for item in post.attachments]
        channel = self.channels[post.channel]
        self.posts[post.id] = post
        channel.last_post_at = post.create_at
        if post.pending:
            self.pending[post.pending] = post.id
        author = self.users[post.user]
        data: Json = {
            "channel_display_name": channel.json()["display_name"],
            "channel_name": channel.name,
            "channel_type": channel.type,
            "post": json.dumps(post.json()),
            "sender_name": f"@{author.username}",
            "set_online": True,
            "team_id": channel.team,
        }
        mentioned_ids = self.mentions(post)
        if mentioned_ids:
            data["mentions"] = json.dumps(sorted(mentioned_ids))
        event = {"event": "posted", "data": data, "broadcast": broadcast(channel=channel.id)}
        await self.sockets.publish(event, channel.members, lose=lose)
        self.changed()
        return post

    def mentions(self, post: Post) -> set[str]:
        """Ids of the users whom the server notifies of the post."""
        texts = [
            post.message,
            *(f"{item.get('pretext', '')}\n{item.get('text', '')}" for item in post.attachments),
        ]
        members = [self.users[id] for id in self.channels[post.channel].members]
        return mentioned(texts, members) - {post.user}

    async def change(self, post: Post, message: str | None, props: Json | None) -> Post:
        """Replaces what is given, as a patch or an ``update`` does."""
        if message is not None:
            post.message = message
        if props is not None:
            props, before = dict(props), post.props.get("mm_blocks_actions")
            if before and (self.keeps_actions or not isinstance(props.get("mm_blocks_actions"), dict)):
                props["mm_blocks_actions"] = before
            elif self.keeps_actions:
                props.pop("mm_blocks_actions", None)
            if not self.keeps_actions and (actions := props.get("mm_blocks_actions")):
                props["mm_blocks_actions"] = {id: actions[id] for id in actions if id in named_actions(props)}
            post.props = props
            if post.attachments:
                post.props["attachments"] = [full_attachment(item) for item in post.attachments]
        post.edit_at = post.update_at = millis()
        post.edits += 1
        event = {
            "event": "post_edited",
            "data": {"post": json.dumps(post.json())},
            "broadcast": broadcast(channel=post.channel),
        }
        await self.sockets.publish(event, self.channels[post.channel].members)
        self.changed()
        return post

    def post_ephemeral(
        self,
        user: User,
        channel: Channel,
        text: str,
        attachments: list[Json],
        root: str = "",
        author: User | None = None,
        override: Json | None = None,
    ) -> Post:
        """Shows an ephemeral post, which the server does not store. ``author``: otherwise its only reader."""
        props: Json = {"attachments": [full_attachment(item) for item in attachments], **(override or {})}
        props |= {"from_webhook": "true"} if author is None else {}
        by = (author or user).id
        post = Post(by, channel.id, text, props, root=root, type="system_ephemeral", seen_by=user.id)
        self.ephemerals.append(post)
        self.changed()
        return post

    def show_answer(self, user: User, channel: Channel, answer: Json) -> Post:
        """An ephemeral answer to a slash command, which has the asker as its author (``app/command.go``,
        ``HandleCommandResponsePost``)."""
        override: Json = {}
        if self.service_settings.get("EnablePostUsernameOverride") and answer.get("username"):
            override["override_username"] = str(answer["username"])
        if self.service_settings.get("EnablePostIconOverride"):
            override["override_icon_url"] = str(answer.get("icon_url") or "")
        return self.post_ephemeral(
            user, channel, answer.get("text") or "", answer.get("attachments") or [], override=override
        )

    def shown_author(self, post: Post) -> str:
        """The name that clients show above the post."""
        return str(post.props.get("override_username") or self.users[post.user].username)
