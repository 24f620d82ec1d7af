"""Slack in the suite over all surfaces."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

from pydantic import SecretStr

from bot.surfaces.options import SlackOptions
from bot.surfaces.protocol import PostRef
from bot.surfaces.slack.surface import SlackSurface
from commands.model.messages import Actor, Message, Place
from tests.bot.surfaces.recorder import Recorder
from tests.bot.surfaces.stands import Notepad, Seen, next_message, serving
from tests.fakes.slack import Slack
from tests.fakes.slack_reading import alarms, as_read, as_sent
from tests.fakes.slack_state import Posted

OPS, FAR = "C0OPS", "C0FAR"
WRITES = r"chat\.(postMessage|update)$"


class SlackStand:
    def __init__(self, slack: Slack) -> None:
        self.slack = slack
        self.recorder = Recorder()
        self.url = ""
        zone = "Europe/Lisbon"
        self.users = {
            "ana": slack.add_user("U0ANA", "ana", email="ana@example.com", tz=zone),
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
        self.surface = SlackSurface(options, command="/run", notes=Notepad(), now=lambda: datetime.now(UTC))

    def ops(self, *, thread: str = "") -> Place:
        return Place(surface="slack", workspace=self.slack.team, channel=OPS, channel_name="ops", thread=thread)

    def far(self) -> Place:
        return Place(surface="slack", workspace=self.slack.team, channel=FAR, channel_name="far")

    def person(self, name: str) -> Actor:
        return Actor(surface="slack", workspace=self.slack.team, id=self.users[name])

    async def thread(self) -> str:
        return self.slack.say("it is down", self.users["ana"], OPS).ts

    def _post(self, ref: PostRef) -> Posted:
        return next(post for post in self.slack.posts if (post.channel, post.ts) == (ref.place.channel, ref.id))

    def see(self, ref: PostRef) -> Seen:
        post = self._post(ref)
        return Seen(as_read(post.words), post.labels, post.thread_ts, post.edits)

    def posts(self) -> int:
        return sum(post.channel == OPS for post in self.slack.cards)

    def delete(self, ref: PostRef) -> None:
        self.slack.channels[ref.place.channel].messages.remove(self._post(ref))

    def fail(self, status: int, *, headers: Mapping[str, str] | None = None) -> None:
        self.slack.fault("answer", path=WRITES, status=status, headers=headers or {})

    def refuse(self) -> None:
        said, headers = '{"ok": false, "error": "msg_too_long"}', {"Content-Type": "application/json"}
        self.slack.fault("answer", path=WRITES, status=200, body=said, headers=headers)

    def lose_answer(self) -> None:
        self.slack.fault("cut_after", path=WRITES)

    async def command(self, text: str, *, user: str = "ana") -> Message:
        before = len(self.recorder.carried)
        await self.slack.command(self.url, as_sent(text, self.users), user=self.users[user], channel=OPS)
        return await next_message(self.recorder, before)

    async def mention(self, text: str, *, user: str = "ana", thread: str = "") -> Message:
        before, typed = len(self.recorder.carried), as_sent(text, self.users)
        await self.slack.mention(self.url, typed, user=self.users[user], channel=OPS, thread=thread)
        return await next_message(self.recorder, before)

    async def press(self, ref: PostRef, label: str, *, user: str = "ana") -> Message:
        before = len(self.recorder.carried)
        await self.slack.press(self.url, label, user=self.users[user], on=self._post(ref))
        return await next_message(self.recorder, before)

    async def fill(self, ref: PostRef, label: str, *values: Mapping[str, str]) -> Message:
        before, ana = len(self.recorder.carried), self.users["ana"]
        await self.slack.press(self.url, label, user=ana, on=self._post(ref))
        for filling in values:
            assert len(self.recorder.carried) == before
            await self.slack.submit(self.url, filling, user=ana)
        return await next_message(self.recorder, before)

    def private(self, user: str) -> list[str]:
        direct = f"D{self.users[user][1:]}"
        posts = [post for post in self.slack.cards if post.channel == direct]
        mine = [post for post in self.slack.whispers if post.to == self.users[user]]
        return [as_read(post.words) for post in (*mine, *posts)]

    def public(self) -> str:
        return "\n".join(as_read(post.words) for post in self.slack.cards if post.channel in (OPS, FAR))

    def alarms(self) -> list[str]:
        return alarms([*self.slack.cards, *self.slack.whispers])


@asynccontextmanager
async def slack_stand() -> AsyncIterator[Any]:
    async with Slack() as slack:
        slack.trigger_life = 30.0
        stand = SlackStand(slack)
        async with serving(stand.surface.routes()) as (url, _):
            stand.url = url
            await stand.surface.start(stand.recorder)
            try:
                yield stand
            finally:
                await stand.surface.stop()
