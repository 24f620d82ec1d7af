"""Mattermost, driven through the fake by commands, posts over the websocket, buttons and dialogs."""

import copy
import itertools
from collections.abc import Mapping, Sequence
from typing import Any

from tests.e2e.chats import BotMessage, Delivery, Room
from tests.e2e.process import until
from tests.fakes.mattermost import Channel, Delivered, FakeMattermost, Post, User
from tests.fakes.mattermost.blocks import Json
from tests.fakes.mattermost.models import millis, new_id
from tests.fakes.mattermost.visible_text import visible_text


class MattermostChat:
    name = "mattermost"

    def __init__(self) -> None:
        self.fake = FakeMattermost()
        self.fake.trigger_seconds = 30.0  # for slow machines; other tests measure acks
        cam = self.fake.add_user("cam", email="cam@example.com", first_name="Cam")
        rui = self.fake.add_user("rui", email="rui@example.com", first_name="Rui")
        rui.locale = "pt-BR"
        eve = self.fake.add_user("eve", email="eve@example.com", first_name="Eve")
        zoe = self.fake.add_user("zoe", email="zoe@elsewhere.example", first_name="Zoe")
        zoe.remote_id = new_id()  # of another server's shared channel
        first = {"ana": self.fake.ana, "ben": self.fake.ben, "cam": cam, "eve": eve}
        self.users = {**first, "gil": self.fake.gil, "rui": rui, "zoe": zoe}
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

    def add_group(self, name: str, *users: str) -> None:
        self.fake.groups[name] = [self.users[user] for user in users]

    def show_groups(self, shown: bool) -> None:
        self.fake.shows_group_members = shown

    def user_id(self, user: str) -> str:
        return self.users[user].id

    def set_liaison_url(self, url: str) -> None:
        self.url = url

    def close_forms(self, user: str) -> None:
        """A person cannot press a button behind an open form."""
        for dialog in self.fake.dialogs:
            dialog.open = dialog.open and dialog.user is not self.users[user]

    def create_room(
        self, *, bot: bool = True, private: bool = False, without: Sequence[str] = ()
    ) -> "MattermostRoom":
        people = [user for name, user in self.users.items() if name not in without]
        members = [*people, *([self.fake.bot] if bot else [])]
        name, type = f"room-{next(self._rooms)}", "P" if private else "O"
        return MattermostRoom(self, self.fake.add_channel(name, *members, type=type))

    def direct_room(self, user: str) -> "MattermostRoom":
        return MattermostRoom(self, self.fake.direct(self.users[user], self.fake.bot))

    async def leave(self, room: Room, user: str) -> None:
        assert isinstance(room, MattermostRoom)
        await self.fake.leave(room.channel, self.users[user])


class MattermostRoom(Room):
    def __init__(self, chat: MattermostChat, channel: Channel) -> None:
        self.chat = chat
        self.channel = channel
        self.id = channel.id
        self.name = channel.name
        self._since = millis()

    async def command(self, text: str, *, user: str = "ana") -> Delivery:
        fake, url = self.chat.fake, self.chat.url
        form = fake.command_form(text, self.chat.users[user], self.channel)

        async def resend() -> Delivery:
            return _delivery(await fake.send_command(url, form), resend)

        delivered = await fake.typed(url, form)
        return _delivery(delivered, resend)

    async def mention(self, text: str, *, user: str = "ana", thread: str = "", files: Sequence[str] = ()) -> None:
        person = self.chat.users[user]
        await self.chat.fake.say(self.channel, f"@liaison {text}", person, root=thread, files=tuple(files))

    async def say(self, text: str, *, user: str = "ana", thread: str = "") -> str:
        post = await self.chat.fake.say(self.channel, text, self.chat.users[user], root=thread)
        return post.id

    async def edit(self, post: str, text: str, *, user: str = "ana") -> None:
        await self.chat.fake.change(self.chat.fake.posts[post], text, None)

    async def say_directly(self, text: str, *, user: str = "ana") -> str:
        fake, person = self.chat.fake, self.chat.users[user]
        post = await fake.say(fake.direct(fake.bot, person), text, person)
        return post.id

    async def click(self, label: str, on: BotMessage, *, user: str = "ana") -> Delivery:
        fake = self.chat.fake
        post: Post = on.raw
        url, body = fake.click_body(post, label, self.chat.users[user])
        self.chat.close_forms(user)

        async def resend() -> Delivery:
            return _delivery(await fake.send_json(url, body), resend)

        current = fake.posts.get(post.id, post)
        return _delivery(await fake.clicked(current, self.chat.users[user], url, body), resend)

    async def pick_person(self, person: str, on: BotMessage, *, user: str = "ana") -> Delivery:
        fake, post = self.chat.fake, on.raw
        url, body = fake.picker_body(post, self.chat.users[person], self.chat.users[user])

        async def resend() -> Delivery:
            return _delivery(await fake.send_json(url, body), resend)

        current = fake.posts.get(post.id, post)
        return _delivery(await fake.clicked(current, self.chat.users[user], url, body), resend)

    async def submit_form(self, values: Mapping[str, str], *, user: str = "ana") -> Delivery:
        fake, person = self.chat.fake, self.chat.users[user]
        dialog = await until(lambda: fake.dialog_of(person))
        body: Json = {}

        async def resend() -> Delivery:
            return _delivery(await fake.send_json(dialog.url, body), resend)

        values = {name: _option_value(dialog.element(name), value) for name, value in values.items()}
        body = fake.submission(
            dialog, {element["name"]: element.get("default") for element in dialog.dialog["elements"]} | values
        )
        return _delivery(await fake.submit_dialog(dialog, values), resend)

    async def choose(self, field: str, option: str, *, user: str = "ana") -> None:
        fake, person = self.chat.fake, self.chat.users[user]
        dialog = await until(lambda: fake.dialog_of(person))
        delivered = await fake.refresh_dialog(dialog, field, _option_value(dialog.element(field), option))
        assert delivered.json.get("type") == "form", delivered

    async def form_values(self, *, user: str = "ana") -> Mapping[str, str]:
        dialog = await self.form_json(user=user)
        return {item["name"]: str(item.get("default") or "") for item in dialog["elements"]}

    async def form_json(self, *, user: str = "ana") -> Mapping[str, Any]:
        fake, person = self.chat.fake, self.chat.users[user]
        dialog = await until(lambda: fake.dialog_of(person))
        shown: Mapping[str, Any] = dialog.dialog
        return shown

    async def form_title(self, *, user: str = "ana") -> str:
        return str((await self.form_json(user=user))["title"])

    def reactions(self, text: str) -> set[str]:
        fake = self.chat.fake
        posts = [post for post in fake.posts.values() if post.channel == self.id and text in post.message]
        return {emoji for post in posts for user, emoji in fake.reactions.get(post.id, ()) if user == fake.bot.id}

    def set_member(self, there: bool) -> None:
        members, bot = self.channel.members, self.chat.fake.bot.id
        members.add(bot) if there else members.discard(bot)

    async def invite_bot(self) -> None:
        await self.chat.fake.join(self.channel, self.chat.fake.bot)

    async def unarchive(self) -> None:
        await self.chat.fake.restore(self.channel)

    def set_archived(self, archived: bool) -> None:
        self.channel.archived = archived

    def delete(self, message: BotMessage) -> None:
        self.chat.fake.delete(self.chat.fake.posts[message.id])

    def unsafe_texts(self) -> list[str]:
        posts: list[Post] = [message.raw for message in self.bot_messages()]
        return [post.text for post in posts if self.chat.fake.mentions(post)]

    def mentioned(self, message: BotMessage) -> set[str]:
        ids = self.chat.fake.mentions(message.raw)
        return {name for name, user in self.chat.users.items() if user.id in ids}

    def bot_messages(self) -> list[BotMessage]:
        fake = self.chat.fake
        direct = {fake.direct(fake.bot, user).id: name for name, user in self.chat.users.items()}
        names = {user.id: name for name, user in self.chat.users.items()}
        posts = [post for post in fake.posts.values() if post.user == fake.bot.id and not post.delete_at]
        here = [post for post in (*posts, *fake.ephemerals) if post.channel == self.id or post.channel in direct]
        return [
            BotMessage(
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


def _option_value(element: Json, value: str) -> str:
    """People choose an option by its label; the form sends the value of that option."""
    options = element.get("options") or []
    return next((str(option["value"]) for option in options if value in (option["value"], option["text"])), value)


def _delivery(delivered: Delivered, resend: Any) -> Delivery:
    return Delivery(delivered.status, delivered.body, resend)


__all__ = ["MattermostChat", "MattermostRoom", "User"]
