"""Mattermost as people use it: commands, posts that the bot hears by its websocket, buttons, dialogs."""

import copy
import itertools
from collections.abc import Mapping
from typing import Any

from tests.e2e.chats import Room, Sent, Shown
from tests.e2e.process import until
from tests.fakes.mattermost import Channel, Delivered, FakeMattermost, Post, User
from tests.fakes.mattermost.models import Json, millis
from tests.fakes.mattermost.visible_text import visible_text


class MattermostChat:
    name = "mattermost"

    def __init__(self) -> None:
        self.fake = FakeMattermost()
        self.fake.trigger_seconds = 30.0  # the machine may be slow; how long an ack takes is measured elsewhere
        cam = self.fake.add_user("cam", email="cam@example.com", first_name="Cam")
        rui = self.fake.add_user("rui", email="rui@example.com", first_name="Rui")
        rui.locale = "pt-BR"
        self.users = {"ana": self.fake.ana, "ben": self.fake.ben, "cam": cam, "gil": self.fake.gil, "rui": rui}
        self.url = ""
        self._rooms = itertools.count(1)

    async def __aenter__(self) -> "MattermostChat":
        await self.fake.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.fake.stop()

    def settings(self) -> Mapping[str, Mapping[str, Any]]:
        token, commands = self.fake.bot.token, [self.fake.command_token]
        return {"mattermost": {"url": self.fake.url, "token": token, "command_tokens": commands}}

    def id_of(self, user: str) -> str:
        return self.users[user].id

    def at(self, url: str) -> None:
        self.url = url

    def close_forms(self, user: str) -> None:
        """Nobody presses a button behind an open form."""
        for dialog in self.fake.dialogs:
            dialog.open = dialog.open and dialog.user is not self.users[user]

    def room(self, *, bot: bool = True) -> "MattermostRoom":
        members = [*self.users.values(), *([self.fake.bot] if bot else [])]
        return MattermostRoom(self, self.fake.add_channel(f"room-{next(self._rooms)}", *members))


class MattermostRoom(Room):
    def __init__(self, chat: MattermostChat, channel: Channel) -> None:
        self.chat = chat
        self.channel = channel
        self.id = channel.id
        self.name = channel.name
        self._since = millis()

    async def command(self, text: str, *, user: str = "ana") -> Sent:
        fake, url = self.chat.fake, self.chat.url
        form = fake.command_form(text, self.chat.users[user], self.channel)

        async def send() -> Sent:
            return _sent(await fake.send_command(url, form), send)

        delivered = await fake.typed(url, form)
        return _sent(delivered, send)

    async def mention(self, text: str, *, user: str = "ana", thread: str = "") -> None:
        await self.chat.fake.say(self.channel, f"@liaison {text}", self.chat.users[user], root=thread)

    async def click(self, label: str, on: Shown, *, user: str = "ana") -> Sent:
        fake = self.chat.fake
        post: Post = on.raw
        url, body = fake.click_body(post, label, self.chat.users[user])
        self.chat.close_forms(user)

        async def again() -> Sent:
            return _sent(await fake.send_json(url, body), again)

        return _sent(await fake.clicked(fake.posts.get(post.id, post), self.chat.users[user], url, body), again)

    async def fill(self, values: Mapping[str, str], *, user: str = "ana") -> Sent:
        fake, who = self.chat.fake, self.chat.users[user]
        dialog = await until(lambda: fake.dialog_of(who))
        body: Json = {}

        async def again() -> Sent:
            return _sent(await fake.send_json(dialog.url, body), again)

        values = {name: _offered(dialog.element(name), value) for name, value in values.items()}
        body = fake.submission(
            dialog, {one["name"]: one.get("default") for one in dialog.dialog["elements"]} | values
        )
        return _sent(await fake.submit_dialog(dialog, values), again)

    async def form_title(self, *, user: str = "ana") -> str:
        fake, person = self.chat.fake, self.chat.users[user]
        dialog = await until(lambda: fake.dialog_of(person))
        return str(dialog.dialog["title"])

    def alarms(self) -> list[str]:
        posts: list[Post] = [one.raw for one in self.shown()]
        return [post.text for post in posts if self.chat.fake.mentions(post)]

    def shown(self) -> list[Shown]:
        fake = self.chat.fake
        direct = {fake.direct(fake.bot, user).id: name for name, user in self.chat.users.items()}
        names = {user.id: name for name, user in self.chat.users.items()}
        posts = [post for post in fake.posts.values() if post.user == fake.bot.id and not post.delete_at]
        here = [post for post in (*posts, *fake.ephemerals) if post.channel == self.id or post.channel in direct]
        return [
            Shown(
                post.id,
                visible_text(post.text),
                post.labels,
                direct.get(post.channel) or names.get(post.seen_by, ""),
                post.root,
                copy.deepcopy(post),
            )
            for post in sorted(here, key=lambda post: post.create_at)
            if post.create_at > self._since
        ]


def _offered(element: Json, value: str) -> str:
    """People choose by what they read; a select sends its value."""
    options = element.get("options") or []
    return next((str(one["value"]) for one in options if value in (one["value"], one["text"])), value)


def _sent(delivered: Delivered, again: Any) -> Sent:
    return Sent(delivered.status, delivered.body, again)


__all__ = ["MattermostChat", "MattermostRoom", "User"]
