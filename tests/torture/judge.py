"""Compares the platforms with what people asked and were told, once everything has settled."""

import json
import re
from collections import Counter, defaultdict
from collections.abc import Mapping
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
from tests.torture.people import CLOSES_FORM
from tests.torture.platform_texts import local_runs, platform_texts, run_titles
from tests.torture.report import Report, Typed
from tests.torture.world import Lane, World

TEXTS_ONCE = ("comment", "note", "add")
"""A status replaces the one before it on some platforms."""
HOLD_FORM = "Hold…"
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
        self._http = HttpClients()
        self._rooms = {id(lane): lane.room.text() for lane in world.lanes}
        self._texts = {name: platform_texts(world, name) for name in world.platforms}
        self._effects = world.database.rows("select * from effects")
        self._messages = world.database.rows("select * from inbox")
        self._ledger = world.database.rows("select * from ledger")
        self._answers = world.database.rows("select * from outbox where kind in ('answer', 'reaction')")

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
        self._no_line_is_left_behind()
        for name in self._world.platforms:
            titles = Counter(title.split()[0] for title in run_titles(self._world, name))
            for handle, count in titles.items():
                if handle.startswith("R") and count > 1:
                    self._wrong(f"{handle} is on {name} {count} times")
        try:
            for lane in [lane for lane in self._world.lanes if lane.handle]:
                await self._card_and_show_are_true(lane)
        finally:
            await self._http.close()

    def _wrong(self, problem: str) -> None:
        self._report.problems.append(problem)

    def _written_once(self, typed: Typed) -> None:
        command, lane = typed.command, self._world.lanes[typed.command.lane]
        texts = self._texts[lane.platform]
        if command.verb == "add":  # whose title is in what is written about the task, too
            count = sum(text.startswith(command.text.removeprefix("add ")) for text in texts)
        else:
            count = sum(command.code in text for text in texts)
        effects = [effect for effect in self._effects if command.code in effect["write"]]
        states = [effect["state"] for effect in effects]
        where = f"{command.text!r} on {lane.platform} from {lane.chat} ({lane.handle}, effects {states})"
        if (command.verb in TEXTS_ONCE or command.label == HOLD_FORM) and count > 1:
            self._wrong(f"{where} is there {count} times")
        shown = self._rooms[id(lane)]
        if command.verb in ("comment", "add"):
            told = bool(
                re.search(
                    rf"(comment added|commented on|added|comentário|comentou)[^\n]*(\n“)?.*{command.code}", shown
                )
            )
            if not count and (told or "done" in states):
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
        """Each message is done and has an answer that the chat took; and people have seen as many answers.

        A form is answered by the response, and if there was none, the chat itself has said so.
        """
        answered = {row["key"].split(" ")[1] for row in self._answers if row["state"] == "sent"}
        for message in self._messages:
            asked = json.loads(message["message"])
            what = f"{asked.get('text') or asked.get('intent')} ({message['key']})"
            if message["state"] != "done":
                self._wrong(f"{what} ended as {message['state']}")
            elif message["key"] not in answered and not self._is_seen(message, asked):
                self._wrong(f"{what} was never answered")
        wanted: Counter[tuple[int, str]] = Counter()
        for typed in self._report.typed:
            command = typed.command
            is_private = command.verb not in ("press", "form") and command.text != SHOW
            if typed.acknowledged and not command.mention and is_private:
                wanted[typed.command.lane, typed.command.user] += 1
        for (number, user), count in wanted.items():
            lane = self._world.lanes[number]
            seen = sum(message.visible_to == user for message in lane.room.bot_messages())
            if seen < count:
                self._wrong(f"{user} typed {count} commands in {lane.handle} ({lane.chat}) and got {seen} answers")

    def _is_seen(self, message: Mapping[str, Any], asked: Mapping[str, Any]) -> bool:
        """``show`` is answered with the card, a form by what everybody sees, and some by the response itself."""
        code = _CODE.search(json.dumps(asked.get("intent") or ""))
        if asked["via"] == "form" and code:
            form = next(one for one in self._report.typed if one.command.code == code[0])
            return not form.acknowledged or form.is_told or any(code[0] in text for text in self._rooms.values())
        return message["answer"] not in (None, *CLOSES_FORM) or asked.get("text") == SHOW

    def _no_line_is_left_behind(self) -> None:
        """As long as nothing is unknown: a line about a write without outcome says that it is being checked."""
        open_runs = {f"R{effect['run']}" for effect in self._effects if effect["state"] == "unknown"}
        for lane in self._world.lanes:
            public = lane.room.public_text()
            if lane.handle not in open_runs and (found := _UNDER_WAY.search(public)):
                line = public[max(0, found.start() - 150) : found.end() + 50]
                self._wrong(f"a line of {lane.handle} on {lane.platform} ({lane.chat}) still says: {line}")

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
        adapter = connect(self._world, lane.platform, self._http)
        there = await self._states_there(lane, adapter)
        try:  # first, because ``show`` reads the run again
            await until(lambda: _card_agrees(card_counts(lane), there, adapter), within=30)
        except TimeoutError:
            says = dict(card_counts(lane))
            self._wrong(f"the card of {lane.handle} on {lane.platform} ({lane.chat}) says {says}, not {there}")
        answer = await lane.room.private_answer(f"show {lane.handle} --tasks")
        rows = [(title, state) for _, title, state in _ROW.findall(answer.text)]
        held = {title for title, state in rows if state == "held"}  # which only Liaison knows, whatever runs there
        shown = [(title, _comparable(state, adapter)) for title, state in rows]
        there = [(title, "open" if title in held and state == "running" else state) for title, state in there]
        if Counter(shown) != Counter(there):
            self._wrong(f"show {lane.handle} on {lane.platform} says {shown}, not {there}")

    async def _states_there(self, lane: Lane, adapter: Adapter) -> States:
        if lane.platform == "local":
            return [
                (task["title"], _comparable(task.get("state", "ready"), adapter)) for task in self._document(lane)
            ]
        (row,) = self._world.database.rows(f"select platform_id from runs where number = {lane.handle[1:]}")
        run = await adapter.read(row["platform_id"])
        return [(task.title, _comparable(task.state.value, adapter)) for task in run.tasks]

    def _document(self, lane: Lane) -> list[Any]:
        documents = local_runs(self._world.database)
        return next(one["tasks"] for one in documents if one["title"].startswith(f"{lane.handle} "))


def card_counts(lane: Lane) -> Counter[str]:
    """As the newest card says, which is drawn anew whenever something changes."""
    texts = [message.text for message in lane.room.bot_messages() if not message.visible_to]
    lines = [found[0] for text in texts if f"{lane.handle} " in text and (found := _PROGRESS.search(text))]
    return Counter(
        {state: int(count) for count, state in _COUNT.findall(lines[-1] if lines else "") if int(count)}
    )


def _card_agrees(card: Counter[str], there: States, adapter: Adapter) -> bool:
    """What is held may run on the platform."""
    states = Counter(state for _, state in there)
    if any(
        states[state] != card[state]
        for state in ("done", "skipped", "failed")
        if _comparable(state, adapter) == state
    ):
        return False
    running = card["running"] if _comparable("running", adapter) == "running" else 0
    return running <= states["running"] <= running + card["held"]


def connect(world: World, name: str, http: HttpClients) -> Adapter:
    """An adapter that has never read the platform before."""
    settings = dict(world.platforms[name].settings())
    platform = PLATFORMS[settings.pop("kind")]
    resources = Resources(http=http, now=lambda: datetime.now(UTC), local_runs=MemoryRuns())
    return platform.connect(name, platform.settings.model_validate(settings), resources)


def _comparable(state: str, adapter: Adapter) -> str:
    """Open, if the platform itself can't hold the state: then only Liaison knows it."""
    if state not in ("done", "running", "skipped", "failed"):
        return "open"
    op = _OPS.get(TaskState(state))
    return state if op is None or isinstance(adapter.capabilities[op], Native) else "open"


_UNDER_WAY = re.compile("Checking whether it went through|Retrying until|Verificando se deu certo|Tentando até")
"""What a line says until the outcome is known."""
_CODE = re.compile(r"q\d{5}x")
