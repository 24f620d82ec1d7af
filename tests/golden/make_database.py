"""Recorded ``database_0_1.sql`` and ``house_0_1.json`` with the real process of version 0.1 (commit c35e052).

Kept as documentation. Do not run it against later code: the files must stay what version 0.1 wrote.

    python -m tests.golden.make_database

When the process is killed, the six channels of each chat contain:

- live: a run with a promised update and two open forms
- sent: a finish that Cutover has executed but not answered, and a comment queued behind it
- unknown: a comment whose response was lost a moment ago
- asked: a comment whose response was lost for good, and the question to a person about it
- choice: two questions which run was meant, one of them answered
- starting: a start that Cutover has executed but not answered, and a comment queued behind it
"""

import asyncio
import json
import re
import sqlite3
import sys
import tempfile
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import closing
from pathlib import Path
from typing import Any

from tests.e2e.chats import Chat
from tests.e2e.mattermost_chat import MattermostRoom
from tests.e2e.process import until
from tests.e2e.slack_chat import SlackRoom
from tests.golden import environment, fake_state
from tests.golden.environment import Environment

START = 'start "Database failover" --on'
FOREVER = 10_000


class ChatScript:
    """The commands typed in one chat."""

    def __init__(self, golden: Environment, chat: Chat) -> None:
        self.golden = golden
        self.rooms = {name: chat.create_room() for name in environment.ROOMS}
        self.runs: dict[str, str] = {}
        self.recorded: dict[str, Any] = {}

    async def start_run(self, name: str, on: str = "cutover") -> str:
        room = self.rooms[name]
        await room.command(f"{START} {on}")
        pattern = r"(R\d+) Database failover(?s:.*)T1 Confirm"
        earlier = set(self.runs.values())

        def new_handle() -> str | None:
            matches = [match for message in room.bot_messages() if (match := re.search(pattern, message.text))]
            return next((match[1] for match in matches if match[1] not in earlier), None)

        return str(await until(new_handle, within=30))

    def cutover_id(self, name: str) -> str:
        handle = self.runs[name]
        return next(run.id for run in self.golden.cutover.runbooks.values() if run.name.startswith(f"{handle} "))

    def lose_comments_of(self, name: str) -> None:
        """Cutover executes the next comment but sends no response, and cannot list comments afterwards."""
        path = f"/runbooks/{self.cutover_id(name)}/comments$"
        self.golden.cutover.fault("cut_after", method="POST", path=path)
        self.golden.cutover.fault("answer", method="GET", path=path, times=FOREVER)

    async def ask_a_person(self) -> None:
        """Takes half a minute, until Liaison's last lookup."""
        self.runs["asked"] = await self.start_run("asked")
        self.lose_comments_of("asked")
        await self.rooms["asked"].command("comment lost for good")
        await until(lambda: "It is there" in self.rooms["asked"].button_labels(), within=90)

    async def live(self) -> None:
        room = self.rooms["live"]
        self.runs["live"] = await self.start_run("live")
        self.recorded["comment"] = await environment.send_command(room, "comment second DBA paged")
        await room.wait_for_text("commented on .*second DBA paged")
        await self.open_form("Update status", "cam")
        await self.open_form("More…", "ben")

    async def open_form(self, label: str, user: str) -> None:
        room = self.rooms["live"]
        await room.press(label, user=user)
        if isinstance(room, SlackRoom):
            await room.chat.fake.modal(room.chat.users[user])
        elif isinstance(room, MattermostRoom):
            chat = room.chat
            await until(lambda: chat.fake.dialog_of(chat.users[user]))

    async def choice(self) -> None:
        self.runs["choice"] = await self.start_run("choice")
        self.runs["local"] = await self.start_run("choice", on="local")
        room, local = self.rooms["choice"], f"{self.runs['local']} Database failover"
        finished = await room.private_answer(f"finish {self.runs['choice']}.T2")
        self.recorded["receipt"] = re.findall(r"Receipt (\w{4})", finished.text)[0]
        taken = await room.private_answer("comment asked where")
        await room.click(local, taken)
        await room.wait_for_text("commented on .*asked where")
        open_choice = await room.private_answer("finish T1")
        assert local in open_choice.labels
        self.recorded["taken"], self.recorded["choice"] = taken.id, open_choice.id

    async def run_finished_commands(self) -> None:
        """Commands that have ended when the process is killed."""
        await self.ask_a_person()
        await self.live()
        for name in ("sent", "unknown"):
            self.runs[name] = await self.start_run(name)
        await self.choice()

    async def run_unfinished_commands(self) -> None:
        """Commands in progress when the process is killed, all less than two minutes old (the write timeout)."""
        cutover, rooms = self.golden.cutover, self.rooms
        await rooms["live"].command("status amber replica lagging --next 1m")
        await rooms["live"].wait_for_text("AMBER replica lagging")
        path = rf"/runbooks/{self.cutover_id('sent')}/tasks/\d+/finish$"
        finish = cutover.fault("hold", method="PATCH", path=path)
        await rooms["sent"].command("finish T1")
        await asyncio.wait_for(finish.reached.wait(), 20)
        await rooms["sent"].command("comment waited behind the finish")
        self.lose_comments_of("unknown")
        await rooms["unknown"].command("comment lost just now")
        await rooms["sent"].wait_for_text("there is no answer yet")
        await rooms["unknown"].wait_for_text("no answer. Checking")


async def run_in_all(scripts: list[ChatScript], method: Callable[[ChatScript], Awaitable[None]]) -> None:
    await asyncio.gather(*(method(script) for script in scripts))


async def make(folder: Path) -> None:
    async with environment.new_environment(folder) as golden:
        await golden.liaison.start()
        scripts = [ChatScript(golden, golden.slack), ChatScript(golden, golden.mattermost)]
        await run_in_all(scripts, ChatScript.run_finished_commands)
        code, output = await golden.liaison.run("say", "comment --run R1 said in the console", "--as", "ana")
        assert code == 0, output
        await run_in_all(scripts, ChatScript.run_unfinished_commands)
        await start_unanswered_runs(golden, scripts)
        await golden.liaison.kill()
        write_files(golden, dict(zip(("slack", "mattermost"), scripts, strict=True)))


async def start_unanswered_runs(golden: Environment, scripts: list[ChatScript]) -> None:
    held = golden.cutover.fault("hold", method="POST", path="/core/runbooks$", times=len(scripts))
    before = len(golden.cutover.calls("POST", "/core/runbooks$"))
    for script in scripts:
        await script.rooms["starting"].command(f"{START} cutover")
    await until(lambda: len(golden.cutover.calls("POST", "/core/runbooks$")) == before + len(scripts))
    await asyncio.wait_for(held.reached.wait(), 20)
    for script in scripts:
        await script.rooms["starting"].command("comment waited for the start")
    expected = {("sent", "finish"): 2, ("sent", "start"): 2, ("unknown", "comment"): 4, ("new", "held back"): 2}
    await until(lambda: count_unfinished(golden) == expected)


def count_unfinished(golden: Environment) -> dict[tuple[str, str], int]:
    """(state, kind of write) -> number of unfinished effects; ("new", "held back") counts queued messages."""
    with closing(sqlite3.connect(golden.database)) as database:
        unfinished = "select state, step from effects where state not in ('done', 'refused')"
        states = [(state, step.partition(":")[0]) for state, step in database.execute(unfinished)]
        states += [("new", "held back") for _ in database.execute("select 1 from inbox where state = 'new'")]
    return Counter(states)


def write_files(golden: Environment, scripts: dict[str, ChatScript]) -> None:
    with closing(sqlite3.connect(golden.database)) as database:
        dump = "\n".join(database.iterdump()) + "\n"
        (due_at,) = database.execute('select max("when") from laters').fetchone()
        for (answer,) in database.execute("select answer from inbox"):
            assert b"127.0.0.1" not in answer, answer
        for script in scripts.values():
            query = "select mark from effects where state = 'sent' and step like 'finish:%' and run = ?"
            (marker,) = database.execute(query, (script.runs["sent"][1:],)).fetchone()
            script.recorded["receipt_of_sent"] = json.loads(marker)["code"]
    assert str(golden.liaison.folder) not in dump
    environment.DATABASE.write_text(environment.with_placeholders(dump, golden.hosts))
    state = {
        "made_by": "0.1.0, commit c35e052",
        "due_at": due_at,
        "secret_key": golden.key_file.read_text().strip(),
        "told": {
            name: {
                **script.recorded,
                "rooms": {room: script.rooms[room].id for room in environment.ROOMS},
                "runs": script.runs,
            }
            for name, script in scripts.items()
        },
        "cutover": fake_state.cutover_state(golden.cutover),
        "slack": fake_state.slack_state(golden.slack.fake),
        "mattermost": fake_state.mattermost_state(golden.mattermost.fake),
    }
    lines = [f"{json.dumps(name)}: {json.dumps(value, ensure_ascii=False)}" for name, value in state.items()]
    environment.STATE_FILE.write_text(
        environment.with_placeholders("{\n" + ",\n".join(lines) + "\n}\n", golden.hosts)
    )


def main() -> int:
    if environment.DATABASE.exists() and "--again" not in sys.argv:
        print(f"{environment.DATABASE} exists and was recorded by version 0.1. Nothing changed.")
        return 1
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(make(Path(folder)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
