"""Slack, driven through the fake by commands, mentions, buttons and modals."""

import copy
import itertools
import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from tests.e2e.chats import BotMessage, Delivery, Room
from tests.e2e.process import until
from tests.fakes import slack_menus
from tests.fakes.slack import Slack
from tests.fakes.slack_deliveries import Delivered
from tests.fakes.slack_state import Posted, prefilled
from tests.fakes.slack_text import as_delivered, collapse_spaces, unsafe_texts


class SlackChat:
    name = "slack"

    def __init__(self) -> None:
        self.fake = Slack()
        self.fake.trigger_life = 30.0  # for slow machines; other tests measure acks
        self.users = {
            "ana": self.fake.add_user("U0ANA", "ana", email="ana@example.com"),
            "ben": self.fake.add_user("U0BEN", "ben", email="ben@example.com"),
            "cam": self.fake.add_user("U0CAM", "cam", email="cam@example.com"),
            "eve": self.fake.add_user("U0EVE", "eve", email="eve@example.com"),
            "gil": self.fake.add_user("U0GIL", "gil", is_restricted=True),
            "rui": self.fake.add_user("U0RUI", "rui", email="rui@example.com", locale="pt-BR"),
            "zoe": self.fake.add_user("U0ZOE", "zoe", email="zoe@elsewhere.example", team_id="T9"),
        }
        self.groups: dict[str, str] = {}  # ids by name
        self.url = ""
        self._rooms = itertools.count(1)

    async def __aenter__(self) -> "SlackChat":
        await self.fake.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.fake.stop()

    def settings(self) -> Mapping[str, Mapping[str, Any]]:
        secrets = {"bot_token": self.fake.token, "signing_secret": self.fake.signing_secret}
        reactions = {"white_check_mark": "finish", "eyes": "begin"}
        return {"slack": {**secrets, "api_url": self.fake.api_url, "reactions": reactions, "workflow_steps": True}}

    def add_group(self, name: str, *users: str) -> None:
        id = self.groups[name] = f"S0{name.upper()}"
        self.fake.groups[id] = (name, [self.users[user] for user in users])

    def show_groups(self, shown: bool) -> None:
        self.fake.scopes = self.fake.scopes.replace(
            "usergroups:read" if not shown else "usergroups:none",
            "usergroups:none" if not shown else "usergroups:read",
        )

    def user_id(self, user: str) -> str:
        return self.users[user]

    def set_liaison_url(self, url: str) -> None:
        self.url = url

    def close_forms(self, user: str) -> None:
        """A person cannot press a button behind an open form."""
        fake = self.fake
        fake.modals = {id: modal for id, modal in fake.modals.items() if modal.user != self.users[user]}

    def create_room(self, *, bot: bool = True, private: bool = False, without: Sequence[str] = ()) -> "SlackRoom":
        number = next(self._rooms)
        members = tuple(id for name, id in self.users.items() if name not in without)
        channel = self.fake.add_channel(
            f"C0ROOM{number}", f"room-{number}", members=members, bot=bot, private=private
        )
        return SlackRoom(self, channel.id, channel.name)

    def direct_room(self, user: str) -> "SlackRoom":
        id = f"D{self.users[user][1:]}"
        if id not in self.fake.channels:
            self.fake.add_channel(id, "directmessage", members=(self.users[user],))
        return SlackRoom(self, id, "directmessage")

    async def leave(self, room: Room, user: str) -> None:
        await self.fake.leave(self.url, user=self.users[user], channel=room.id)


class SlackRoom(Room):
    def __init__(self, chat: SlackChat, id: str, name: str) -> None:
        self.chat = chat
        self.id = id
        self.name = name
        self._since = chat.fake.new_ts()

    async def command(self, text: str, *, user: str = "ana") -> Delivery:
        chat = self.chat
        typed = as_delivered(text, {**chat.users, **chat.groups})
        return self._delivery(await chat.fake.command(chat.url, typed, user=chat.users[user], channel=self.id))

    async def mention(self, text: str, *, user: str = "ana", thread: str = "", files: Sequence[str] = ()) -> None:
        chat = self.chat
        typed = as_delivered(text, chat.users)
        person = chat.users[user]
        await chat.fake.mention(chat.url, typed, user=person, channel=self.id, thread=thread, files=files)

    async def say(self, text: str, *, user: str = "ana", thread: str = "") -> str:
        chat = self.chat
        typed = as_delivered(text, {**chat.users, "liaison": chat.fake.bot_user})
        post = chat.fake.say(typed, chat.users[user], self.id, thread)
        if chat.fake.bot_user in typed:
            await chat.fake.deliver(chat.url, "events_api", chat.fake.event(post, "app_mention"))
        return post.ts

    async def edit(self, post: str, text: str, *, user: str = "ana") -> None:
        chat = self.chat
        typed = as_delivered(text, {**chat.users, "liaison": chat.fake.bot_user})
        await chat.fake.edit(chat.url, post, typed)

    async def say_directly(self, text: str, *, user: str = "ana") -> str:
        chat = self.chat
        return await chat.fake.direct_post(chat.url, as_delivered(text, chat.users), user=chat.users[user])

    async def click(self, label: str, on: BotMessage, *, user: str = "ana") -> Delivery:
        chat = self.chat
        chat.close_forms(user)
        return self._delivery(await chat.fake.press(chat.url, label, user=chat.users[user], on=on.raw))

    async def pick_person(self, person: str, on: BotMessage, *, user: str = "ana") -> Delivery:
        chat, users = self.chat, self.chat.users
        picked = slack_menus.pick_person(chat.fake, chat.url, on.raw, users[person], user=users[user])
        return self._delivery(await picked)

    async def submit_form(self, values: Mapping[str, str], *, user: str = "ana") -> Delivery:
        chat = self.chat
        return self._delivery(await chat.fake.submit(chat.url, values, user=chat.users[user]))

    async def choose(self, field: str, option: str, *, user: str = "ana") -> None:
        chat = self.chat
        modal = await chat.fake.modal(chat.users[user])
        before = modal.view
        await chat.fake.choose(chat.url, field, option, user=chat.users[user])
        await until(lambda: modal.view is not before)

    async def form_values(self, *, user: str = "ana") -> Mapping[str, str]:
        modal = await self.chat.fake.modal(self.chat.users[user])
        return {field: prefilled(modal.element(field)) for field in modal.fields}

    async def form_json(self, *, user: str = "ana") -> Mapping[str, Any]:
        return (await self.chat.fake.modal(self.chat.users[user])).view

    async def form_title(self, *, user: str = "ana") -> str:
        return (await self.chat.fake.modal(self.chat.users[user])).title

    def reactions(self, text: str) -> set[str]:
        fake = self.chat.fake
        posts = [post for post in fake.channels[self.id].messages if text in post.text]
        return {emoji for post in posts for emoji in fake.reactions.get((self.id, post.ts), ())}

    def set_member(self, there: bool) -> None:
        members, bot = self.chat.fake.channels[self.id].members, self.chat.fake.bot_user
        members.add(bot) if there else members.discard(bot)

    async def invite_bot(self) -> None:
        self.set_member(True)
        joined = {"type": "member_joined_channel", "user": self.chat.fake.bot_user, "channel": self.id}
        await self._report(joined | {"channel_type": "C", "team": self.chat.fake.team})

    async def unarchive(self) -> None:
        self.set_archived(False)
        await self._report({"type": "channel_unarchive", "channel": self.id, "user": self.chat.users["ana"]})

    async def _report(self, event: Mapping[str, Any]) -> None:
        fake = self.chat.fake
        assert (await fake.deliver(self.chat.url, "events_api", fake.envelope(event))).status == 200

    def set_archived(self, archived: bool) -> None:
        self.chat.fake.channels[self.id].archived = archived

    def delete(self, message: BotMessage) -> None:
        channel = self.chat.fake.channels[message.raw.channel]
        channel.messages = [post for post in channel.messages if post.ts != message.id]

    def unsafe_texts(self) -> list[str]:
        return unsafe_texts([message.raw for message in self.bot_messages()])

    def mentioned(self, message: BotMessage) -> set[str]:
        members = self.chat.fake.channels[message.raw.channel].members
        ids = set(re.findall(r"<@(\w+)>", json.dumps(message.raw.blocks)))
        ids |= set(re.findall(r'"type": "user", "user_id": "(\w+)"', json.dumps(message.raw.blocks)))
        return {name for name, id in self.chat.users.items() if id in ids and id in members}

    def bot_messages(self) -> list[BotMessage]:
        fake = self.chat.fake
        direct = {f"D{user[1:]}": name for name, user in self.chat.users.items()}
        here = [
            post for post in (*fake.posts, *fake.ephemerals) if post.channel == self.id or post.channel in direct
        ]
        fresh = [post for post in here if post.user == fake.bot_user and _number(post.ts) > _number(self._since)]
        return [self._bot_message(post, direct) for post in sorted(fresh, key=lambda post: _number(post.ts))]

    def _bot_message(self, post: Posted, direct: Mapping[str, str]) -> BotMessage:
        names = {id: name for name, id in self.chat.users.items()}
        reader = direct.get(post.channel) or names.get(post.to, "")
        return BotMessage(
            post.ts, collapse_spaces(post.visible_text), post.labels, reader, post.thread_ts, copy.deepcopy(post)
        )

    def _delivery(self, delivered: Delivered) -> Delivery:
        async def resend() -> Delivery:
            return self._delivery(await self.chat.fake.redeliver(delivered))

        return Delivery(delivered.status, delivered.body.encode(), resend)


def _number(ts: str) -> int:
    """The fake numbers all messages after the decimal point of ``ts``."""
    return int(ts.partition(".")[2])
