"""Compares the platforms with what people asked and were told, once everything has settled."""

import json
import re
import sqlite3
from collections import Counter, defaultdict
from contextlib import closing
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

from adapters.http.client import HttpClients
from adapters.models import TaskState
from adapters.protocol import Adapter, Native, Resources
from adapters.registry import PLATFORMS
from adapters.writes import Op
from tests.adapters.local.store import MemoryRuns
from tests.e2e.process import until
from tests.torture.platform_texts import platform_texts, run_titles
from tests.torture.report import Report, Typed
from tests.torture.world import Lane, World

TEXTS_ONCE = ("comment", "note", "add")
"""A status replaces the one before it on some platforms."""
SHOW = "show"
"""Is answered with the card, for everybody."""
_OPS = {TaskState.RUNNING: Op.BEGIN, TaskState.SKIPPED: Op.SKIP, TaskState.DONE: Op.FINISH}
_ROW = re.compile(r"^\W*(T\d+) (.*?) — (\w+)", re.MULTILINE)
_COUNTED = ("done", "running", "held", "skipped", "failed")
_COUNT = re.compile(rf"(\d+) (?:of \d+ )?({'|'.join(_COUNTED)})")
_PROGRESS = re.compile(r"\d+ of \d+ done.*")

States = list[tuple[str, str]]
"""(title, done, running, skipped, failed or open) of each task."""


class Judge:
    def __init__(self, world: World, report: Report, hit: bytes) -> None:
        self._world = world
        self._report = report
        self._hit = hit
        self._rooms = {id(lane): lane.room.text() for lane in world.lanes}
        self._texts = {name: platform_texts(world, name) for name in world.platforms}
        with closing(sqlite3.connect(world.liaison.folder / "liaison.db")) as database:
            database.row_factory = sqlite3.Row
            self._effects = database.execute("select * from effects").fetchall()
            self._messages = database.execute("select * from inbox").fetchall()
            self._ledger = database.execute("select * from ledger").fetchall()
            self._answers = database.execute(
                "select * from outbox where kind in ('answer', 'reaction')"
            ).fetchall()

    async def compare(self) -> None:
        for typed in self._report.typed:
            if typed.command.code:
                self._written_once(typed)
        self._everybody_is_answered()
        self._order_is_kept()
        self._ledger_is_complete()
        for lane in self._report.started:
            if not lane.handle and not any("Send it again" in label for label in lane.room.button_labels()):
                self._wrong(f"a start on {lane.platform} ({lane.chat}) has no card: {lane.room.text()[:300]}")
        for name in self._world.platforms:
            titles = Counter(title.split()[0] for title in run_titles(self._world, name))
            for handle, count in titles.items():
                if handle.startswith("R") and count > 1:
                    self._wrong(f"{handle} is on {name} {count} times")
        for lane in [lane for lane in self._world.lanes if lane.handle]:
            await self._card_and_show_are_true(lane)

    def _wrong(self, problem: str) -> None:
        self._report.problems.append(problem)

    def _written_once(self, typed: Typed) -> None:
        command, lane = typed.command, self._world.lanes[typed.command.lane]
        count = sum(command.code in text for text in self._texts[lane.platform])
        effects = [effect for effect in self._effects if command.code in effect["write"]]
        states = [effect["state"] for effect in effects]
        where = f"{command.text!r} on {lane.platform} from {lane.chat} ({lane.handle}, effects {states})"
        if command.verb in TEXTS_ONCE and count > 1:
            self._wrong(f"{where} is there {count} times")
        shown = self._rooms[id(lane)]
        if command.verb in ("comment", "add"):
            told = bool(
                re.search(
                    rf"(comment added|commented on|added|comentário|comentou)[^\n]*(\n“)?.*{command.code}", shown
                )
            )
            if told and not count and "done" in states:
                self._wrong(f"{where} was said to be done and is not there")
            if count and "done" not in states and "unknown" not in states:
                self._wrong(f"{where} is there and was not said to be done")
            if count and command.code not in shown:
                self._wrong(f"{where} is there and nobody was told")
        if typed.acknowledged and not any(command.code in message["message"] for message in self._messages):
            self._wrong(f"{where} was acknowledged and not recorded")
        if "sent" in states:
            self._wrong(f"{where} is still being sent")
        if "unknown" in states and not any("Send it again" in one for one in lane.room.button_labels()):
            self._wrong(f"{where} is unknown, and nobody is asked")

    def _everybody_is_answered(self) -> None:
        """Each message is done and has an answer that the chat took; and people have seen as many answers."""
        answered = {row["key"].split(" ")[1] for row in self._answers if row["state"] == "sent"}
        for message in self._messages:
            asked = json.loads(message["message"])
            if message["state"] != "done":
                self._wrong(f"{asked.get('text')!r} ended as {message['state']}")
            elif message["key"] not in answered and not message["answer"] and asked.get("text") != SHOW:
                self._wrong(f"{asked.get('text')!r} ({message['key']}) was never answered")
        wanted: Counter[tuple[int, str]] = Counter()
        for typed in self._report.typed:
            command = typed.command
            if typed.acknowledged and not command.mention and command.verb != "press" and command.text != SHOW:
                wanted[typed.command.lane, typed.command.user] += 1
        for (number, user), count in wanted.items():
            lane = self._world.lanes[number]
            seen = sum(message.visible_to == user for message in lane.room.bot_messages())
            if seen < count:
                self._wrong(f"{user} typed {count} commands in {lane.handle} ({lane.chat}) and got {seen} answers")

    def _order_is_kept(self) -> None:
        """Of comments: what was sent again or delayed on the wire may come later."""
        again = {effect["key"] for effect in self._effects if effect["sends"] != 1}
        repeated = b" ".join(effect["write"].encode() for effect in self._effects if effect["key"] in again)
        expected: defaultdict[int, list[str]] = defaultdict(list)
        for typed in self._report.typed:
            command = typed.command
            is_plain = command.verb == "comment" and typed.in_order and not command.mention
            if is_plain and command.code.encode() not in self._hit and command.code.encode() not in repeated:
                expected[command.lane].append(command.code)
        for number, codes in expected.items():
            lane = self._world.lanes[number]
            found = [code for text in self._texts[lane.platform] for code in _CODE.findall(text) if code in codes]
            if found != sorted(found):
                late = next(b for a, b in pairwise(found) if b < a)
                self._wrong(f"comments of {lane.handle} on {lane.platform} are out of order at {late}")

    def _ledger_is_complete(self) -> None:
        receipts = Counter((row["key"], row["step"]) for row in self._ledger)
        for effect in self._effects:
            expected = 1 if effect["state"] == "done" else 0
            outcome = json.loads(effect["outcome"] or "{}")
            if outcome.get("already"):
                continue
            if receipts[effect["key"], effect["step"]] != expected:
                self._wrong(f"{effect['step']} of {effect['key']} is {effect['state']} without its receipt")

    async def _card_and_show_are_true(self, lane: Lane) -> None:
        adapter = connect(self._world, lane.platform)
        there = await self._states_there(lane, adapter)
        answer = await lane.room.private_answer(f"show {lane.handle} --tasks")
        rows = [(title, state) for _, title, state in _ROW.findall(answer.text)]
        held = {title for title, state in rows if state == "held"}  # which only Liaison knows, whatever runs there
        shown = [(title, _comparable(state, adapter)) for title, state in rows]
        there = [(title, "open" if title in held and state == "running" else state) for title, state in there]
        if Counter(shown) != Counter(there):
            self._wrong(f"show {lane.handle} on {lane.platform} says {shown}, not {there}")
        counts = Counter(state for _, state in rows if state in _COUNTED)
        try:
            await until(lambda: card_counts(lane) == counts, within=30)
        except TimeoutError:
            says = dict(card_counts(lane))
            self._wrong(
                f"the card of {lane.handle} on {lane.platform} ({lane.chat}) says {says}, not {dict(counts)}"
            )

    async def _states_there(self, lane: Lane, adapter: Adapter) -> States:
        if lane.platform == "local":
            return [
                (task["title"], _comparable(task.get("state", "ready"), adapter)) for task in self._document(lane)
            ]
        with closing(sqlite3.connect(self._world.liaison.folder / "liaison.db")) as database:
            query = "select platform_id from runs where number = ?"
            (id,) = database.execute(query, (lane.handle[1:],)).fetchone()
        run = await adapter.read(id)
        return [(task.title, _comparable(task.state.value, adapter)) for task in run.tasks]

    def _document(self, lane: Lane) -> list[Any]:
        with closing(sqlite3.connect(self._world.liaison.folder / "liaison.db")) as database:
            documents = [json.loads(row[0]) for row in database.execute("select document from local_runs")]
        return next(one["tasks"] for one in documents if one["title"].startswith(f"{lane.handle} "))


def card_counts(lane: Lane) -> Counter[str]:
    """As the newest card says, which is drawn anew whenever something changes."""
    texts = [message.text for message in lane.room.bot_messages() if not message.visible_to]
    lines = [found[0] for text in texts if f"{lane.handle} " in text and (found := _PROGRESS.search(text))]
    return Counter(
        {state: int(count) for count, state in _COUNT.findall(lines[-1] if lines else "") if int(count)}
    )


def connect(world: World, name: str) -> Adapter:
    """An adapter that has never read the platform before."""
    settings = dict(world.platforms[name].settings())
    platform = PLATFORMS[settings.pop("kind")]
    resources = Resources(http=HttpClients(), now=lambda: datetime.now(UTC), local_runs=MemoryRuns())
    return platform.connect(name, platform.settings.model_validate(settings), resources)


def _comparable(state: str, adapter: Adapter) -> str:
    """Open, if the platform itself can't hold the state: then only Liaison knows it."""
    if state not in ("done", "running", "skipped", "failed"):
        return "open"
    op = _OPS.get(TaskState(state))
    return state if op is None or isinstance(adapter.capabilities[op], Native) else "open"


_CODE = re.compile(r"q\d{5}x")
