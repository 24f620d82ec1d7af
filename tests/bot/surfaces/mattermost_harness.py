"""Mattermost for the tests that run on every surface."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

from pydantic import SecretStr

from bot.services.duties import Duties
from bot.surfaces.mattermost.surface import MattermostSurface
from bot.surfaces.options import MattermostOptions
from bot.surfaces.protocol import PostRef
from commands.model.messages import Actor, Message, Place
from tests.bot.surfaces.fake_intake import FakeIntake
from tests.bot.surfaces.harness import VisiblePost, serve
from tests.bot.surfaces.memory_state import MemoryState
from tests.fakes.mattermost import FakeMattermost
from tests.fakes.mattermost.visible_text import visible_text

WRITE_PATHS = r"/api/v4/posts(/\w+/patch)?$"
SECRET = b"0123456789abcdef0123456789abcdef"


class MattermostSurfaceHarness:
    surface: MattermostSurface

    def __init__(self, mm: FakeMattermost) -> None:
        self.mm = mm
        self.intake = FakeIntake()
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
            state=MemoryState(),
            now=lambda: datetime.now(UTC),
            duties=Duties(),
        )

    def ops(self, *, thread: str = "") -> Place:
        town = self.mm.town
        return Place(
            surface="mattermost", channel=town.id, channel_name=town.name, site=self.mm.url, thread=thread
        )

    def channel_without_bot(self) -> Place:
        far = self.mm.far
        return Place(surface="mattermost", channel=far.id, channel_name=far.name, site=self.mm.url)

    def person(self, name: str) -> Actor:
        return Actor(surface="mattermost", id=self.users[name].id)

    def set_locale(self, name: str, locale: str) -> None:
        self.users[name].locale = locale

    async def start_thread(self) -> str:
        return (await self.mm.say(self.mm.town, "it is down", self.mm.ana)).id

    def visible(self, ref: PostRef) -> VisiblePost:
        post = self.mm.posts[ref.id]
        return VisiblePost(visible_text(post.text), post.labels, post.root, post.edits)

    def post_count(self) -> int:
        return sum(post.user == self.mm.bot.id for post in self.mm.posts_in(self.mm.town))

    def delete(self, ref: PostRef) -> None:
        self.mm.delete(self.mm.posts[ref.id])

    def fail_next_write(self, status: int, *, headers: Mapping[str, str] | None = None) -> None:
        self.mm.fault("answer", path=WRITE_PATHS, status=status, body="{}", headers=headers or {})

    def reject_next_write(self) -> None:
        self.fail_next_write(400)

    def drop_next_response(self) -> None:
        self.mm.fault("cut_after", path=WRITE_PATHS)

    async def command(self, text: str, *, user: str = "ana") -> Message:
        before = len(self.intake.processed)
        await self.mm.command(self.url, text, user=self.users[user])
        return await self.intake.next_message(before)

    async def mention(self, text: str, *, user: str = "ana", thread: str = "") -> Message:
        before = len(self.intake.processed)
        await self.mm.say(self.mm.town, f"@liaison {text}", self.users[user], root=thread)
        return await self.intake.next_message(before)

    async def press(self, ref: PostRef, label: str, *, user: str = "ana") -> Message:
        before = len(self.intake.processed)
        await self.mm.press(self.mm.posts[ref.id], label, self.users[user])
        return await self.intake.next_message(before)

    async def submit_form(self, ref: PostRef, label: str, *attempts: Mapping[str, str]) -> Message:
        before = len(self.intake.processed)
        await self.mm.press(self.mm.posts[ref.id], label, self.mm.ana)
        dialog = await self.mm.until(lambda: self.mm.dialog_of(self.mm.ana))
        for values in attempts:
            assert len(self.intake.processed) == before
            await self.mm.submit_dialog(dialog, dict(values))
        return await self.intake.next_message(before)

    def private_texts(self, user: str) -> list[str]:
        """Without the answer to a mention, which is a reply: in 5.37, bots can't post ephemeral messages."""
        ephemerals = self.mm.private(self.users[user])
        return [*(visible_text(post.text) for post in ephemerals), *self.direct_texts(user)]

    def direct_texts(self, user: str) -> list[str]:
        direct = self.mm.direct(self.mm.bot, self.users[user])
        return [visible_text(post.text) for post in self.mm.posts_in(direct)]

    def public_text(self) -> str:
        channels = (self.mm.town, self.mm.far)
        posts = [post for channel in channels for post in self.mm.posts_in(channel)]
        return "\n".join(visible_text(post.text) for post in posts if post.user == self.mm.bot.id)

    def unsafe_texts(self) -> list[str]:
        posts = [post for post in self.mm.posts.values() if post.user == self.mm.bot.id]
        return [post.text for post in (*posts, *self.mm.ephemerals) if self.mm.mentions(post)]


@asynccontextmanager
async def start_mattermost() -> AsyncIterator[Any]:
    async with FakeMattermost() as mm:
        mm.trigger_seconds = 30.0
        harness = MattermostSurfaceHarness(mm)
        async with serve(()) as (url, app):
            harness.build(url)
            app.router.routes[:] = harness.surface.routes()
            harness.intake.surface = harness.surface
            await harness.surface.start(harness.intake)
            try:
                await mm.until(lambda: all(harness.surface.ready().values()))
                yield harness
            finally:
                await harness.surface.stop()
