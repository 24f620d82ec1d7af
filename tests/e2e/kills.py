"""An environment whose Liaison kills itself at a commit, and what must agree once it runs again."""

import asyncio
import json
import os
import re
import signal
import sqlite3
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, closing
from pathlib import Path
from typing import Any

import aiohttp

from adapters.writes import Op
from tests.adapters.tines.fake import TinesFake
from tests.adapters.tines.world import FakeCase
from tests.adapters.xurrent.helpers import find_run
from tests.e2e import faulty
from tests.e2e.chats import Room
from tests.e2e.conftest import RUNBOOK, Environment, Scene
from tests.e2e.platforms import FakePlatform, serve_platforms
from tests.e2e.process import Liaison, until
from tests.e2e.slack_chat import SlackChat

States = Mapping[str, str]
"""Task handle -> running, done, skipped or open: what every platform can say of a task."""

MESSAGES = "inbox where state != 'done'"
EFFECTS = "effects where state in ('sent', 'unknown')"
DELIVERIES = "outbox where state = 'waiting'"
LINES = "activity_lines where not shown"
WORK = (MESSAGES, EFFECTS, DELIVERIES, LINES)
SILENCE_SECONDS = 0.5
"""Time for a read of the run, which is the only work that the store does not know."""

LONGEST_SECONDS = 90.0

_ROW = re.compile(r"^\W*(T\d+) .* — (\w+)", re.MULTILINE)  # of ``show --tasks``
_PROGRESS = re.compile(r"\d+ of \d+ done.*")
_COUNT = re.compile(r"(\d+) (?:of \d+ )?(done|running|skipped|failed)")
_SHOWN = {state: state for state in ("done", "running", "skipped", "failed")}
_CUTOVER = {"complete": "done", "in_progress": "running", "skipped": "skipped"}
_XURRENT = {"completed": "done", "approved": "done", "in_progress": "running", "failed": "failed"} | {
    "rejected": "failed",
    "canceled": "skipped",
}


class MortalLiaison(Liaison):
    """Kills itself at the commit that it was told (``tests.e2e.faulty``)."""

    main = staticmethod(faulty.main)

    def __init__(self, folder: Path, settings: Mapping[str, Mapping[str, Any]]) -> None:
        super().__init__(folder, settings)
        self._plan = folder / "faults.json"
        self._trace = folder / "faults.trace"
        self._struck = folder / "faults.struck"
        self._conditions = folder / "faults.conditions"
        self.environment = {"LIAISON_FAULTS": str(self._plan)}

    def kill_at(self, when: str, kind: str = "", number: int = 1) -> None:
        """At the commit of this kind, or any, with this number, counted from the recording of the next message."""
        self._arm({"when": when, "kind": kind, "number": number})

    def stop_at(self, when: str, kind: str, number: int = 1) -> None:
        """The same, but it only stops, until ``go_on``."""
        self._arm({"when": when, "kind": kind, "number": number, "signal": signal.SIGSTOP})

    def _arm(self, plan: Mapping[str, object]) -> None:
        self._trace.unlink(missing_ok=True)
        self._struck.unlink(missing_ok=True)
        self._plan.write_text(json.dumps(plan))

    @property
    def is_struck(self) -> bool:
        return self._struck.exists()

    def has_sent(self) -> bool:
        """Since ``kill_at``."""
        return any("sent" in kinds for kinds in self.trace())

    def pause(self) -> None:
        os.kill(self.pid, signal.SIGSTOP)

    def go_on(self) -> None:
        self._plan.unlink(missing_ok=True)
        os.kill(self.pid, signal.SIGCONT)

    def disarm(self) -> Sequence[Sequence[str]]:
        """The kinds in each commit since ``kill_at``."""
        self._plan.unlink(missing_ok=True)
        return self.trace()

    def set_conditions(self, **conditions: str | float) -> None:
        """``disk`` and ``clock``, as in ``tests.e2e.faulty``."""
        written = self._conditions.with_suffix(".new")
        written.write_text(json.dumps(conditions))
        written.replace(self._conditions)

    async def count_tasks(self) -> int:
        """Of asyncio, in the process."""
        counted = self.folder / "faults.tasks"
        counted.unlink(missing_ok=True)
        os.kill(self.pid, signal.SIGUSR2)
        return int(await until(lambda: counted.exists() and counted.read_text()))

    def trace_size(self) -> int:
        """Grows with each commit."""
        return self._trace.stat().st_size if self._trace.exists() else 0

    def trace(self) -> Sequence[Sequence[str]]:
        lines = self._trace.read_text().splitlines() if self._trace.exists() else []
        return [json.loads(line) for line in lines]


@asynccontextmanager
async def mortal_environment(
    folder: Path, names: Sequence[str] = ("cutover", "local")
) -> AsyncIterator[Environment]:
    """``names``: of the platforms."""
    async with AsyncExitStack() as stack:
        chat = SlackChat()
        await stack.enter_async_context(chat)
        platforms = await serve_platforms(stack, chat, folder)
        used = {name: platforms[name] for name in names}
        quick = {"slowest_answer": "2s"}  # so that a request that never left is sent again at the second look
        tables = {f"platforms.{name}": {**platform.settings(), **quick} for name, platform in used.items()}
        liaison = MortalLiaison(folder, {**chat.settings(), **tables})
        chat.set_liaison_url(liaison.url)
        await stack.enter_async_context(liaison)
        yield Environment(chat, used, liaison)


class Kill:
    """One room with one run in it, and a process that dies at a commit."""

    def __init__(self, environment: Environment, platform: str) -> None:
        self.environment = environment
        self.platform = platform
        self.scene = Scene(environment, environment.chat.create_room())
        self.handle = ""

    @property
    def room(self) -> Room:
        return self.scene.room

    @property
    def liaison(self) -> MortalLiaison:
        assert isinstance(self.environment.liaison, MortalLiaison)
        return self.environment.liaison

    async def start(self) -> None:
        """Returns once everything about the run is stored, so that what is killed next is what is said next."""
        self.handle = await self.scene.start_run(self.platform)
        await self.quiet()

    async def say(self, line: str, *, user: str = "ana") -> bool:
        """Whether it was acknowledged. It may have been recorded even if it was not."""
        try:
            return (await self.room.command(line, user=user)).status == 200
        except aiohttp.ClientError:
            return False

    async def press(self, label: str, *, user: str = "ana") -> bool:
        try:
            return (await self.room.press(label, user=user)).status == 200
        except aiohttp.ClientError:
            return False

    def newcomer(self) -> str:
        """Somebody whom Liaison has never met."""
        chat = self.environment.chat
        assert isinstance(chat, SlackChat)
        name = f"new{len(chat.users)}"
        chat.users[name] = chat.fake.add_user(f"U0{name.upper()}", name, email=f"{name}@example.com")
        return name

    async def handle_of_card(self) -> str:
        """The handle of the newest run whose card stands in the room."""
        await self.scene.wait_for_card()
        return self.scene.card_handles()[-1]

    async def dies(self) -> None:
        assert await self.liaison.ended() == -9
        self.liaison.disarm()

    async def survives(self) -> bool:
        """Waits until the process has died, or until nothing is pending and it has made no commit for a while."""
        commits, since = -1, time.monotonic()
        latest = since + LONGEST_SECONDS
        while self.liaison.is_running:
            assert time.monotonic() < latest, f"still pending: {self._pending_rows()}"
            if (now := self.liaison.trace_size()) != commits or self._pending():
                commits, since = now, time.monotonic()
            if time.monotonic() - since > SILENCE_SECONDS:
                return True
            await asyncio.sleep(0.02)
        return False

    async def quiet(self) -> None:
        """Waits until what was said before has been answered, stored and drawn."""
        self.liaison.kill_at("after", "", 1_000_000)
        await self.survives()
        self.liaison.disarm()

    async def answered(self) -> None:
        """Waits until no message is open any more and the chat shows all answers."""
        await until(lambda: not self._pending(MESSAGES, DELIVERIES, LINES), within=60)

    async def idle(self) -> None:
        """Waits until no message and no effect is open any more."""
        await until(lambda: not self._pending(MESSAGES, EFFECTS), within=60)

    def _pending(self, *what: str) -> bool:
        """Whether the store has work of these kinds, or of any kind, for the process."""
        with closing(sqlite3.connect(self.liaison.folder / "liaison.db")) as database:
            return any(database.execute(f"select 1 from {one} limit 1").fetchone() for one in what or WORK)

    def _pending_rows(self) -> Sequence[object]:
        with closing(sqlite3.connect(self.liaison.folder / "liaison.db")) as database:
            return [row for one in WORK for row in database.execute(f"select * from {one}")]

    async def decide(self, op: Op) -> None:
        """Tells Liaison what became of a write that it cannot look up, if it asks."""
        await self.answered()
        if "Send it again" in self.room.button_labels():
            await self.press("It was done" if self.effects(op) else "Send it again")

    def card(self) -> Mapping[str, int]:
        """How many tasks are in which state, as the newest live card says; empty if there is none."""
        texts = [message.text for message in self.room.bot_messages() if not message.visible_to]
        lines = [_PROGRESS.search(text) for text in texts if f"{self.handle} " in text and RUNBOOK in text]
        line = next((line[0] for line in reversed(lines) if line), "")
        return {state: int(count) for count, state in _COUNT.findall(line) if int(count)}

    def counts_there(self) -> Mapping[str, int]:
        """As the platform has it."""
        return {state: count for state, count in Counter(self.there().values()).items() if state != "open"}

    def there(self) -> States:
        """As the platform has it."""
        return {f"T{number}": state for number, state in enumerate(self._states_there(), 1)}

    def _states_there(self) -> Sequence[str]:
        match self.platform:
            case "cutover":
                tasks = self.scene.cutover_run(self.handle).tasks.values()
                return [_CUTOVER.get(task.stage, "open") for task in tasks]
            case "xurrent":
                run = find_run(self.environment.xurrent, self.handle)
                mine = [task for task in self.environment.xurrent.account.tasks.values() if task.run == run.id]
                return [_XURRENT.get(task.status, "open") for task in mine]
            case "tines":
                return ["done" if task.completed else "open" for task in self.tines_case().tasks.values()]
        return [_SHOWN.get(task.get("state", "ready"), "open") for task in self._document()["tasks"]]

    def tines_case(self) -> FakeCase:
        cases: Sequence[FakeCase] = list(self.tines.world.cases.values())
        return next(case for case in cases if case.name.startswith(f"{self.handle} "))

    @property
    def tines(self) -> TinesFake:
        platform = self.environment.platforms["tines"]
        assert isinstance(platform, FakePlatform)
        fake: TinesFake = platform.fake
        return fake

    def exists(self) -> bool:
        """Whether the run is on its platform."""
        return len(self.copies()) > 0

    def copies(self) -> list[str]:
        """The runs there whose names begin with the handle."""
        if self.platform == "cutover":
            names = [run.name for run in self.environment.cutover.runbooks.values()]
        else:
            names = [str(document["title"]) for document in self._documents()]
        return [name for name in names if name.startswith(f"{self.handle} ")]

    def _document(self) -> Any:
        return next(one for one in self._documents() if str(one["title"]).startswith(f"{self.handle} "))

    def _documents(self) -> list[Any]:
        with closing(sqlite3.connect(self.liaison.folder / "liaison.db")) as database:
            return [json.loads(row[0]) for row in database.execute("select document from local_runs")]

    async def _sees(self, condition: Callable[[], object], what: str) -> None:
        try:
            await until(condition, within=15)
        except TimeoutError:
            raise AssertionError(f"not seen: {what}; the room shows:\n{self.room.text()}") from None

    async def agrees(self) -> None:
        """The live card without being asked, then the list of tasks, then the platform: all say the same."""
        await self.idle()
        await self._sees(lambda: self.card() == self.counts_there(), f"a card with {self.counts_there()}")
        ids = {one.id for one in self.room.bot_messages()}
        assert await self.say(f"show {self.handle} --tasks")
        await self._sees(
            lambda: [one for one in self.room.bot_messages() if one.id not in ids and _rows(one.text)],
            "a list of the tasks",
        )
        shown = next(_rows(one.text) for one in reversed(self.room.bot_messages()) if _rows(one.text))
        assert shown == self.there()
        assert self.card() == self.counts_there()
        assert "never started" not in self.room.text()

    def effects(self, op: Op) -> int:
        """How often the platform really did it since this kill was set up."""
        return self.scene.count_effects(op.value, self.platform)


def _rows(words: str) -> States:
    return {task: _SHOWN.get(state, "open") for task, state in _ROW.findall(words)}
