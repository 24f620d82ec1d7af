"""Slack for the tests that run on every surface."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

from pydantic import SecretStr

from bot.services.duties import Duties
from bot.surfaces.options import SlackOptions
from bot.surfaces.protocol import PostRef
from bot.surfaces.slack.surface import SlackSurface
from commands.model.messages import Actor, Message, Place
from tests.bot.surfaces.fake_intake import FakeIntake
from tests.bot.surfaces.harness import VisiblePost, serve
from tests.bot.surfaces.memory_state import MemoryState
from tests.fakes.slack import Slack
from tests.fakes.slack_state import Posted
from tests.fakes.slack_text import as_delivered, collapse_spaces, unsafe_texts

OPS, FAR = "C0OPS", "C0FAR"
WRITE_METHODS = r"chat\.(postMessage|update)$"


class SlackSurfaceHarness:
    def __init__(self, slack: Slack) -> None:
        self.slack = slack
        self.intake = FakeIntake()
        self.url = ""
        self.users = {
            "ana": slack.add_user("U0ANA", "ana", email="ana@example.com", tz="Europe/Lisbon"),
            "ben": slack.add_user("U0BEN", "ben", email="ben@example.com"),
            "gil": slack.add_user("U0GIL", "gil", is_restricted=True),
        }
        slack.add_channel(OPS, "ops", members=tuple(self.users.values()))
        slack.add_channel(FAR, "far", members=tuple(self.users.values()), bot=False)
        options = SlackOptions(
            bot_token=SecretStr(slack.token),
            signing_secret=SecretStr(slack.signing_secret),
            app_token=None,
            api_url=slack.api_url,
        )
        self.surface = SlackSurface(
            options, command="/run", state=MemoryState(), now=lambda: datetime.now(UTC), duties=Duties()
        )

    def ops(self, *, thread: str = "") -> Place:
        return Place(surface="slack", workspace=self.slack.team, channel=OPS, channel_name="ops", thread=thread)

    def channel_without_bot(self) -> Place:
        return Place(surface="slack", workspace=self.slack.team, channel=FAR, channel_name="far")

    def person(self, name: str) -> Actor:
        return Actor(surface="slack", workspace=self.slack.team, id=self.users[name])

    def set_locale(self, name: str, locale: str) -> None:
        self.slack.users[self.users[name]]["locale"] = locale

    async def start_thread(self) -> str:
        return self.slack.say("it is down", self.users["ana"], OPS).ts

    def _post(self, ref: PostRef) -> Posted:
        return next(post for post in self.slack.posts if (post.channel, post.ts) == (ref.place.channel, ref.id))

    def visible(self, ref: PostRef) -> VisiblePost:
        post = self._post(ref)
        return VisiblePost(collapse_spaces(post.visible_text), post.labels, post.thread_ts, post.edits)

    def post_count(self) -> int:
        return sum(post.channel == OPS for post in self.slack.bot_posts)

    def delete(self, ref: PostRef) -> None:
        self.slack.channels[ref.place.channel].messages.remove(self._post(ref))

    def fail_next_write(self, status: int, *, headers: Mapping[str, str] | None = None) -> None:
        self.slack.fault("answer", path=WRITE_METHODS, status=status, headers=headers or {})

    def reject_next_write(self) -> None:
        body, headers = '{"ok": false, "error": "msg_too_long"}', {"Content-Type": "application/json"}
        self.slack.fault("answer", path=WRITE_METHODS, status=200, body=body, headers=headers)

    def drop_next_response(self) -> None:
        self.slack.fault("cut_after", path=WRITE_METHODS)

    async def command(self, text: str, *, user: str = "ana") -> Message:
        before = len(self.intake.processed)
        await self.slack.command(self.url, as_delivered(text, self.users), user=self.users[user], channel=OPS)
        return await self.intake.next_message(before)

    async def mention(self, text: str, *, user: str = "ana", thread: str = "") -> Message:
        before, typed = len(self.intake.processed), as_delivered(text, self.users)
        await self.slack.mention(self.url, typed, user=self.users[user], channel=OPS, thread=thread)
        return await self.intake.next_message(before)

    async def press(self, ref: PostRef, label: str, *, user: str = "ana") -> Message:
        before = len(self.intake.processed)
        await self.slack.press(self.url, label, user=self.users[user], on=self._post(ref))
        return await self.intake.next_message(before)

    async def submit_form(self, ref: PostRef, label: str, *attempts: Mapping[str, str]) -> Message:
        before, ana = len(self.intake.processed), self.users["ana"]
        await self.slack.press(self.url, label, user=ana, on=self._post(ref))
        for values in attempts:
            assert len(self.intake.processed) == before
            await self.slack.submit(self.url, values, user=ana)
        return await self.intake.next_message(before)

    def private_texts(self, user: str) -> list[str]:
        ephemerals = [post for post in self.slack.ephemerals if post.to == self.users[user]]
        return [*(collapse_spaces(post.visible_text) for post in ephemerals), *self.direct_texts(user)]

    def direct_texts(self, user: str) -> list[str]:
        direct = f"D{self.users[user][1:]}"
        return [collapse_spaces(post.visible_text) for post in self.slack.bot_posts if post.channel == direct]

    def public_text(self) -> str:
        posts = [post for post in self.slack.bot_posts if post.channel in (OPS, FAR)]
        return "\n".join(collapse_spaces(post.visible_text) for post in posts)

    def unsafe_texts(self) -> list[str]:
        return unsafe_texts([*self.slack.bot_posts, *self.slack.ephemerals])


@asynccontextmanager
async def start_slack() -> AsyncIterator[Any]:
    async with Slack() as slack:
        slack.trigger_life = 30.0
        harness = SlackSurfaceHarness(slack)
        async with serve(harness.surface.routes()) as (url, _):
            harness.url = url
            harness.intake.surface = harness.surface
            await harness.surface.start(harness.intake)
            try:
                yield harness
            finally:
                await harness.surface.stop()
