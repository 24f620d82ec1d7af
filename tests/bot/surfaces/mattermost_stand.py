"""Mattermost in the suite over all surfaces."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

from pydantic import SecretStr

from bot.surfaces.mattermost.surface import MattermostSurface
from bot.surfaces.options import MattermostOptions
from bot.surfaces.protocol import PostRef
from commands.model.messages import Actor, Message, Place
from tests.bot.surfaces.recorder import Recorder
from tests.bot.surfaces.stands import Notepad, Seen, next_message, serving
from tests.fakes.mattermost import FakeMattermost
from tests.fakes.mattermost.reading import as_read

WRITES = r"/api/v4/posts(/\w+/patch)?$"
SECRET = b"0123456789abcdef0123456789abcdef"


class MattermostStand:
    surface: MattermostSurface

    def __init__(self, mm: FakeMattermost) -> None:
        self.mm = mm
        self.recorder = Recorder()
        self.url = ""
        mm.ana.zone = "Europe/Lisbon"
        self.users = {"ana": mm.ana, "ben": mm.ben, "gil": mm.gil}

    def build(self, url: str) -> None:
        self.url = url
        options = MattermostOptions(
            url=self.mm.url,
            token=SecretStr(self.mm.bot.token),
            command_tokens=(SecretStr(self.mm.command_token),),
            team=None,
        )
        self.surface = MattermostSurface(
            options,
            command="/run",
            public_url=url,
            secret_key=SECRET,
            notes=Notepad(),
            now=lambda: datetime.now(UTC),
        )

    def ops(self, *, thread: str = "") -> Place:
        town = self.mm.town
        return Place(
            surface="mattermost", channel=town.id, channel_name=town.name, site=self.mm.url, thread=thread
        )

    def far(self) -> Place:
        far = self.mm.far
        return Place(surface="mattermost", channel=far.id, channel_name=far.name, site=self.mm.url)

    def person(self, name: str) -> Actor:
        return Actor(surface="mattermost", id=self.users[name].id)

    async def thread(self) -> str:
        return (await self.mm.say(self.mm.town, "it is down", self.mm.ana)).id

    def see(self, ref: PostRef) -> Seen:
        post = self.mm.posts[ref.id]
        return Seen(as_read(post.text), post.labels, post.root, post.edits)

    def posts(self) -> int:
        return sum(post.user == self.mm.bot.id for post in self.mm.posts_in(self.mm.town))

    def delete(self, ref: PostRef) -> None:
        self.mm.delete(self.mm.posts[ref.id])

    def fail(self, status: int, *, headers: Mapping[str, str] | None = None) -> None:
        self.mm.fault("answer", path=WRITES, status=status, body="{}", headers=headers or {})

    def refuse(self) -> None:
        self.fail(400)

    def lose_answer(self) -> None:
        self.mm.fault("cut_after", path=WRITES)

    async def command(self, text: str, *, user: str = "ana") -> Message:
        before = len(self.recorder.carried)
        await self.mm.command(self.url, text, user=self.users[user])
        return await next_message(self.recorder, before)

    async def mention(self, text: str, *, user: str = "ana", thread: str = "") -> Message:
        before = len(self.recorder.carried)
        await self.mm.say(self.mm.town, f"@liaison {text}", self.users[user], root=thread)
        return await next_message(self.recorder, before)

    async def press(self, ref: PostRef, label: str, *, user: str = "ana") -> Message:
        before = len(self.recorder.carried)
        await self.mm.press(self.mm.posts[ref.id], label, self.users[user])
        return await next_message(self.recorder, before)

    async def fill(self, ref: PostRef, label: str, *values: Mapping[str, str]) -> Message:
        before = len(self.recorder.carried)
        await self.mm.press(self.mm.posts[ref.id], label, self.mm.ana)
        dialog = await self.mm.until(lambda: self.mm.dialog_of(self.mm.ana))
        for filling in values:
            assert len(self.recorder.carried) == before
            await self.mm.submit_dialog(dialog, dict(filling))
        return await next_message(self.recorder, before)

    def private(self, user: str) -> list[str]:
        """A mention's answer is a reply: 5.37 lets no bot whisper."""
        who = self.users[user]
        direct = self.mm.posts_in(self.mm.direct(self.mm.bot, who))
        return [as_read(post.text) for post in (*self.mm.private(who), *direct)]

    def public(self) -> str:
        channels = (self.mm.town, self.mm.far)
        posts = [post for channel in channels for post in self.mm.posts_in(channel)]
        return "\n".join(as_read(post.text) for post in posts if post.user == self.mm.bot.id)

    def alarms(self) -> list[str]:
        posts = [post for post in self.mm.posts.values() if post.user == self.mm.bot.id]
        return [post.text for post in (*posts, *self.mm.ephemerals) if self.mm.mentions(post)]


@asynccontextmanager
async def mattermost_stand() -> AsyncIterator[Any]:
    async with FakeMattermost() as mm:
        mm.trigger_seconds = 30.0
        stand = MattermostStand(mm)
        async with serving(()) as (url, app):
            stand.build(url)
            app.router.routes[:] = stand.surface.routes()
            await stand.surface.start(stand.recorder)
            try:
                await mm.until(lambda: all(stand.surface.ready().values()))
                yield stand
            finally:
                await stand.surface.stop()
