"""What is drawn: each function produces some messages and forms in rooms of one chat, by group."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.adapters.cutover.fake import CutoverFake
from tests.e2e.chats import BotMessage, Chat, Room
from tests.e2e.mattermost_chat import MattermostRoom
from tests.e2e.process import until
from tests.e2e.slack_chat import SlackChat, SlackRoom

FAILOVER = "Database failover"


@dataclass(frozen=True)
class Picture:
    """``raw``: the fake chat's own message or form."""

    caption: str
    raw: Any
    private: bool = False


@dataclass
class Stage:
    chat: Chat
    cutover: CutoverFake

    def room(self) -> Room:
        return self.chat.create_room()

    async def started(self, runbook: str = FAILOVER, *, on: str = "local") -> Room:
        room = self.room()
        await room.command(f'start "{runbook}" --on {on}')
        await self.live(room)
        await room.wait_for_text("started. Receipt")
        return room

    async def live(self, room: Room) -> BotMessage:
        """The run's card."""
        return await room.wait_for_button("All tasks", within=30)

    async def card(self, caption: str, room: Room, *lines: str, shows: str = "") -> Picture:
        for line in lines:
            user, _, text = line.rpartition(": ") if line.startswith(("ben: ", "cam: ")) else ("ana", "", line)
            await room.command(text, user=user)
        if shows:
            await room.wait_for_text(shows)
        await until(lambda: self._settled(room), within=20)
        return Picture(caption, (await self.live(room)).raw)

    async def _settled(self, room: Room) -> bool:
        """A card is edited at most once a second."""
        before = room.public_text()
        await asyncio.sleep(1.6)
        return room.public_text() == before

    async def newest(self, room: Room, caption: str) -> Picture:
        await until(lambda: self._settled(room), within=20)
        return Picture(caption, room.bot_messages()[-1].raw)

    async def told(self, room: Room, caption: str, text: str, *lines: str) -> Picture:
        """The first message with ``text`` below the card. It is private if nobody else sees it."""
        for line in lines:
            user, _, typed = line.rpartition(": ") if line.startswith("ben: ") else ("ana", "", line)
            await room.command(typed, user=user)

        def found() -> list[BotMessage]:
            said = [one for one in room.bot_messages() if text in one.text and "All tasks" not in one.labels]
            return [one for one in said if "Receipt" not in one.text]

        message = (await until(found, within=60))[0]
        return Picture(caption, message.raw, private=bool(message.visible_to))

    async def answer(self, caption: str, room: Room, text: str) -> Picture:
        return Picture(caption, (await room.private_answer(text)).raw, private=True)


async def card(stage: Stage) -> list[Picture]:
    """The one in the README."""
    seven = await stage.started()
    steps: tuple[str, ...] = (
        "finish T1 no answer from two zones",
        "finish T2 she is on it",
        "begin T3",
        "assign T4 @ben",
        "status amber replica lags 40 s, watching it --next 15m",
    )
    return [await stage.card("7 tasks", seven, *steps, shows="2 of 7 done · 1 running")]


async def cards(stage: Stage) -> list[Picture]:
    """Runs of 7, 12, 60 and 200 tasks."""
    found = await card(stage)
    twelve = await stage.started("Certificate renewal")
    found.append(await stage.card("12 tasks", twelve, "begin T1", "begin T3", shows="2 running"))
    sixty = await stage.started("Region evacuation")
    steps: tuple[str, ...] = (
        "finish T1",
        "finish T2",
        "finish T3",
        "begin T4",
        "begin T11",
        "hold T21 waiting for the network team",
    )
    found.append(await stage.card("60 tasks", sixty, *steps, shows="1 held"))
    most = await stage.started("Data centre move")
    steps = ("begin T1 T3 T5 T7 T9", "hold T31 no crane", "hold T41 no power", "status red users affected")
    found.append(await stage.card("200 tasks", most, *steps, shows="5 running · 2 held"))
    return found


async def states(stage: Stage) -> list[Picture]:
    """Held, late, failed, paused and ended runs."""
    held = await stage.started()
    steps: tuple[str, ...] = (
        "begin T1",
        "hold T2 no quorum, vendor on the phone",
        "status red writes fail for all customers",
    )
    found = [await stage.card("held, red", held, *steps, shows="1 held")]
    for color, closing in (("green", "all traffic is back"), ("red", "failed over by hand, the replica is lost")):
        over = await stage.started()
        steps = ("finish T1", "finish T2", f"status {color} nearly there", f"end --yes --message {closing}")
        found.append(await stage.card(f"ended, {color} before", over, *steps, shows="Finished"))
    room = await stage.started(on="cutover")
    run = list(stage.cutover.runbooks.values())[-1]
    first, second, *_ = run.tasks.values()
    first.stage, first.completion_type = "complete", "complete_abandoned"
    second.stage, second.fields = "in_progress", {}
    found.append(await stage.card("failed", room, "show", shows="failed"))
    run.stage = "paused"
    found.append(await stage.card("paused", room, "show", shows="Paused"))
    found.append(await _late(stage))
    return found


async def _late(stage: Stage) -> Picture:
    room = await stage.started(on="cutover")
    first, second, *_ = list(stage.cutover.runbooks.values())[-1].tasks.values()
    planned = datetime.now(UTC) - timedelta(minutes=20)
    first.stage, second.stage = "in_progress", "in_progress"
    second.end_planned = planned.strftime("%Y-%m-%dT%H:%M:%SZ")
    return await stage.card("late", room, "show", shows="late, due")


async def answers(stage: Stage) -> list[Picture]:
    """A question, a choice, a refusal, a receipt, an unknown outcome, a wait."""
    room = await stage.started()
    found = [
        await stage.answer("start question", room, f'start "{FAILOVER}" --on local'),
        await stage.answer("choice", room, "finish"),
        await stage.answer("refusal", room, "finish T5"),
        await stage.answer("unknown word", room, "finsh T1"),
        await stage.answer("end question", room, "end"),
        await stage.answer("receipt", room, "finish T1 no answer from two zones"),
        await stage.answer("receipt with instructions", room, "begin T2"),
    ]
    slow = await stage.started(on="cutover")
    await stage.cutover.stop()
    await slow.command("begin T1")
    await slow.wait_for_text("(?i)retr|respond|waits", within=30)
    found.append(await stage.newest(slow, "waiting for a platform"))
    await stage.cutover.start()
    await slow.wait_for_text("began T1", within=60)
    lost = stage.room()
    stage.cutover.fault("answer", method="POST", path="/core/runbooks$", status=500)
    await lost.command(f'start "{FAILOVER}" --on cutover')
    found.append(Picture("unknown outcome", (await lost.wait_for_button("Send it again", within=120)).raw))
    stage.cutover.faults.clear()
    return found


async def reads(stage: Stage) -> list[Picture]:
    room = await stage.started()
    await stage.card("", room, "finish T1", "finish T2", "begin T3", "assign T4 @ana", shows="1 running")
    lines = ("help", "help finish", "", "runs", "runbooks", "mine", "next", "whoami", "status", "show T3")
    found = [await stage.answer(f"/run {line}".strip(), room, line) for line in lines]
    found.append(await stage.answer("/run help, where nothing runs", stage.room(), "help"))
    found.append(await stage.answer("all tasks", room, "show --tasks"))
    return found


async def told(stage: Stage) -> list[Picture]:
    """What people are told without asking."""
    room = await stage.started("Handover")
    await room.command("status amber replica lags 40 s --next 1m")
    found = [await stage.told(room, caption, text, *lines) for caption, text, *lines in _TOLD]
    await room.wait_for_text("update you promised for", within=90)
    found.append(await stage.told(room, "overdue update", "update you promised for"))
    found.append(await stage.told(room, "turned red", "all writes fail", "status red all writes fail"))
    closing = "end --yes --message traffic is back"
    found.append(await stage.told(room, "ended", "traffic is back", closing))
    return found


_TOLD = (
    ("activity line", "began T1", "begin T1"),
    ("assigned", "assigned you", "ben: whoami", "assign T3 @ben"),
    ("ready to begin", "ready to begin", "finish T1 two zones agree"),
)


async def home(stage: Stage) -> list[Picture]:
    """Slack's App Home. Mattermost has none."""
    if not isinstance(stage.chat, SlackChat):
        return []
    room = await stage.started()
    await stage.card(
        "", room, "finish T1", "finish T2", "begin T3", "status amber replica lags", shows="1 running"
    )
    slack, id = stage.chat.fake, stage.chat.user_id("ana")
    await slack.open_home(stage.chat.url, user=id)
    page = await until(lambda: slack.homes.get(id))
    return [Picture("App Home", dict(page.view))]


async def texts(stage: Stage) -> list[Picture]:
    """Long, right-to-left, emoji and hostile text."""
    room = await stage.started("Strange names")
    steps = (
        "begin T1",
        "begin T6",
        "hold T2 <!here> *vendor* says `no`",
        "status amber @all :fire: _look_ <http://x.example|y>",
    )
    card = await stage.card("strange names", room, *steps, shows="1 held")
    return [card, await stage.answer("their list", room, "show --tasks")]


async def steps(stage: Stage) -> list[Picture]:
    """Instructions with code, lists, a table, a quote and links."""
    room = await stage.started("Rotate the certificate")
    shown = await stage.answer("show T1", room, "show T1")
    begun = await stage.answer("begin T1", room, "begin T1")
    foreign = await stage.answer("show a runbook", room, "show Pods restart again and again")
    prose = await stage.answer("show a runbook without steps", room, "show Disk is full")
    asks = await stage.answer("a start that asks for values", room, "start Pods restart again and again")
    return [shown, begun, foreign, prose, asks]


async def forms(stage: Stage) -> list[Picture]:
    room = await stage.started()
    await room.command("status amber replica lags 40 s --next 15m")
    await room.wait_for_text("replica lags")
    found: list[Picture] = []
    labels = ("Update status", "Comment", "Hold…", "Skip…", "Assign…", "Add a task…", "End…")
    for label in labels:
        await room.press(label)
        found.append(Picture(label, await _form(room)))
    await stage.room().command("help")
    other = stage.room()
    await other.command("help")
    await other.press("Start a run…")
    if isinstance(other, MattermostRoom):  # where the runbook is chosen in a menu first
        asked = await until(lambda: _with_option(other, FAILOVER))
        found.append(Picture("Start a run…", asked.raw, private=True))
        label = next(shown for shown in asked.labels if shown.startswith(FAILOVER))
        await other.click(label, asked)
    found.append(Picture("Start a run…", await _form(other)))
    return found


def _with_option(room: Room, label: str) -> BotMessage | None:
    found = [
        message for message in room.bot_messages() if any(shown.startswith(label) for shown in message.labels)
    ]
    return found[-1] if found else None


async def _form(room: Room) -> Any:
    await room.form_title()
    if isinstance(room, SlackRoom):
        user = room.chat.users["ana"]
        modal = await room.chat.fake.modal(user)
        await until(lambda: any(block["type"] == "input" for block in modal.view["blocks"]))
        view = dict(modal.view)
        room.chat.close_forms("ana")
        return view
    assert isinstance(room, MattermostRoom)
    dialog = await until(lambda: room.chat.fake.dialog_of(room.chat.users["ana"]))
    room.chat.close_forms("ana")
    return dict(dialog.dialog)


GROUPS: Mapping[str, Callable[[Stage], Awaitable[Sequence[Picture]]]] = {
    "card": card,
    "home": home,
    "cards": cards,
    "states": states,
    "answers": answers,
    "reads": reads,
    "told": told,
    "texts": texts,
    "steps": steps,
    "forms": forms,
}
