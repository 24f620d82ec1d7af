"""What people do: they type, press, fill in and search, and chats repeat and delay what they deliver."""

import asyncio
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

import aiohttp

from tests.e2e.chats import Delivery, Room
from tests.e2e.conftest import RUNBOOK
from tests.e2e.mattermost_chat import MattermostRoom
from tests.e2e.slack_chat import SlackRoom
from tests.torture.plan import Command, Start
from tests.torture.report import Report, Typed
from tests.torture.world import World

NOT_RECORDED = (b"confirm that this was saved", b"consegui confirmar que isso foi salvo")
EVENT_RETRIES = (0.0, 0.5, 3.0, 10.0)  # Slack's own pauses are longer
CLOSES_FORM = (b"", b"{}")
FORM_SECONDS = 8.0  # until a person gives up


class People:
    def __init__(self, world: World, report: Report) -> None:
        self._world = world
        self._report = report
        self._filling = defaultdict[str, asyncio.Lock](asyncio.Lock)  # by chat: one form at a time
        self._started = time.monotonic()

    async def act(self, starts: Sequence[Start]) -> None:
        await asyncio.gather(
            *(self._type_in(lane) for lane in range(len(self._world.lanes))), *(self._start(one) for one in starts)
        )

    async def _type_in(self, lane: int) -> None:
        """One after the other, so that people know in which order they typed."""
        pending: list[asyncio.Task[None]] = []
        for typed in self._report.typed:
            command = typed.command
            if command.lane != lane:
                continue
            await self._until(command.at)
            if command.mention or command.late or command.verb in ("form", "search"):
                pending.append(asyncio.create_task(self._type_late(typed)))
                continue
            delivery = await self._deliver(command)
            typed.acknowledged = typed.in_order = delivery is not None and _is_recorded(delivery)
            if delivery is not None:
                pending.append(asyncio.create_task(_repeat(typed, delivery)))
        await asyncio.gather(*pending)

    async def _type_late(self, typed: Typed) -> None:
        """While later commands are typed."""
        command, chat = typed.command, self._world.lanes[typed.command.lane].chat
        await asyncio.sleep(command.late)
        if command.mention:
            await self._mention(typed)
            return
        delivery: Delivery | None = None
        if command.verb in ("form", "search"):
            async with self._filling[chat]:
                delivery = await self._fill_in(typed)
        else:
            delivery = await self._deliver(command)
        if delivery is not None:
            typed.acknowledged = _is_recorded(delivery)
            await _repeat(typed, delivery)

    async def _start(self, start: Start) -> None:
        await self._until(start.at)
        lane = self._world.add_lane(start.platform, start.chat)
        with suppress(aiohttp.ClientError, TimeoutError):
            line = f'start "{RUNBOOK}" --on {start.platform}'
            if _is_recorded(await lane.room.command(line, user=start.user)):
                self._report.started.append(lane)

    async def _until(self, at: float) -> None:
        await asyncio.sleep(self._started + at - time.monotonic())

    async def _deliver(self, command: Command) -> Delivery | None:
        """None if the connection was refused or cut, or if there is no such button."""
        room = self._world.lanes[command.lane].room
        with suppress(aiohttp.ClientError, TimeoutError):
            if command.verb == "press":
                return await _press(room, command.text, command.user)
            return await room.command(command.text, user=command.user)
        return None

    async def _fill_in(self, typed: Typed) -> Delivery | None:
        """Whoever gets no form gives up. What the chat refuses, or finds missing, is wrong."""
        command, room = typed.command, self._world.lanes[typed.command.lane].room
        try:
            async with asyncio.timeout(FORM_SECONDS):
                if command.verb == "search":
                    await self._search(room, command)
                    return None
                if await _press(room, command.label, command.user) is None:
                    return None
                form = await room.form_json(user=command.user)
                values = {field: _offered(form, field, value) for field, value in command.values}
                delivery = await room.submit_form(values, user=command.user)
                self._report.forms += 1
                typed.is_told = delivery.body not in CLOSES_FORM
                return delivery
        except (aiohttp.ClientError, TimeoutError):
            return None
        except AssertionError as error:
            self._report.problems.append(f"a form of {room.name} ({command.label or 'start'}): {error}")
            return None

    async def _search(self, room: Room, command: Command) -> None:
        """In the form of ``start``. Only Slack asks for options here: Mattermost does from 11 on."""
        await room.command("start", user=command.user)
        if isinstance(room, SlackRoom):
            await room.form_title(user=command.user)
            await room.chat.fake.search(room.chat.url, "runbook", command.text, user=room.chat.users[command.user])
            room.chat.close_forms(command.user)
            self._report.searches += 1

    async def _mention(self, typed: Typed) -> None:
        """Slack delivers an event again until it is acknowledged. Liaison reads Mattermost's history."""
        command, room = typed.command, self._world.lanes[typed.command.lane].room
        if isinstance(room, MattermostRoom):
            await room.mention(command.text, user=command.user)
            typed.acknowledged = True
            return
        assert isinstance(room, SlackRoom)
        fake = room.chat.fake
        post = fake.say(f"<@{fake.bot_user}> {command.text}", room.chat.users[command.user], room.id)
        event = fake.event(post, "app_mention")
        for seconds in EVENT_RETRIES:
            await asyncio.sleep(seconds)
            with suppress(aiohttp.ClientError, TimeoutError):
                if (await fake.deliver(room.chat.url, "events_api", event)).status == 200:
                    typed.acknowledged = True
                    return


async def _press(room: Room, label: str, user: str) -> Delivery | None:
    """None if nobody sees such a button."""
    shown = [message for message in room.bot_messages() if not message.visible_to]
    with_button = [message for message in shown if label in message.labels]
    return await room.click(label, with_button[-1], user=user) if with_button else None


def _offered(form: Mapping[str, Any], field: str, value: str) -> str:
    """Or else the first option of the field. ``form``: a view of Slack, or a dialog of Mattermost."""
    elements = {block.get("block_id"): block.get("element", {}) for block in form.get("blocks", ())}
    elements |= {element["name"]: element for element in form.get("elements", ())}
    options = [option["value"] for option in elements[field].get("options") or ()]
    return value if value in options or not options else options[0]


async def _repeat(typed: Typed, delivery: Delivery) -> None:
    for seconds in typed.command.resends:
        await asyncio.sleep(seconds)
        with suppress(aiohttp.ClientError, TimeoutError):
            typed.acknowledged |= _is_recorded(await delivery.resend())


def _is_recorded(delivery: Delivery) -> bool:
    """Commands are answered with 200 even then, as no chat shows another answer to people."""
    return delivery.status == 200 and not any(text in delivery.body for text in NOT_RECORDED)
