"""Made ``database_0_1.sql`` and ``house_0_1.json``, by the real process of version 0.1 (commit c35e052).

Kept to show how they were made. Never run it against later code: the files must stay what 0.1 wrote.

    python -m tests.golden.make_database

In six channels of each chat: a live run with a promise and two open forms; a finish that Cutover has
done and not answered, and a comment that waits behind it; a comment whose answer was lost a moment ago; one whose
answer was lost for good, which a person is asked about; two questions, one of them answered; a start that Cutover
has done and not answered, and a comment that waits for it. Then the process is killed.
"""

import asyncio
import json
import re
import sqlite3
import sys
import tempfile
from collections.abc import Awaitable, Callable
from contextlib import closing
from pathlib import Path
from typing import Any

from tests.e2e.chats import Chat
from tests.e2e.mattermost_chat import MattermostRoom
from tests.e2e.process import until
from tests.e2e.slack_chat import SlackRoom
from tests.golden import fakes, house
from tests.golden.house import House

START = 'start "Database failover" --on'
FOREVER = 10_000


class Story:
    """What happens in one chat."""

    def __init__(self, golden: House, chat: Chat) -> None:
        self.golden = golden
        self.rooms = {name: chat.room() for name in house.ROOMS}
        self.runs: dict[str, str] = {}
        self.told: dict[str, Any] = {}

    async def started(self, name: str, on: str = "cutover") -> str:
        room = self.rooms[name]
        await room.command(f"{START} {on}")
        pattern = r"(R\d+) Database failover(?s:.*)T1 Confirm"
        known = set(self.runs.values())

        def handle() -> str | None:
            found = [match[1] for one in room.shown() if (match := re.search(pattern, one.words))]
            return next((one for one in found if one not in known), None)

        return str(await until(handle, within=30))

    def cutover_id(self, name: str) -> str:
        handle = self.runs[name]
        return next(run.id for run in self.golden.cutover.runbooks.values() if run.name.startswith(f"{handle} "))

    def lose_comments_of(self, name: str) -> None:
        """The next comment is written and its answer lost; nobody can read what is there."""
        path = f"/runbooks/{self.cutover_id(name)}/comments$"
        self.golden.cutover.fault("cut_after", method="POST", path=path)
        self.golden.cutover.fault("answer", method="GET", path=path, times=FOREVER)

    async def ask_a_person(self) -> None:
        """Half a minute passes until Liaison gives up looking."""
        self.runs["asked"] = await self.started("asked")
        self.lose_comments_of("asked")
        await self.rooms["asked"].command("comment lost for good")
        await until(lambda: "It is there" in self.rooms["asked"].labels(), within=90)

    async def live(self) -> None:
        room = self.rooms["live"]
        self.runs["live"] = await self.started("live")
        self.told["comment"] = await house.typed(room, "comment second DBA paged")
        await room.sees("commented on .*second DBA paged")
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
        self.runs["choice"] = await self.started("choice")
        self.runs["local"] = await self.started("choice", on="local")
        room, local = self.rooms["choice"], f"{self.runs['local']} Database failover"
        finished = await room.answer(f"finish {self.runs['choice']}.T2")
        self.told["receipt"] = re.findall(r"Receipt (\w{4})", finished.words)[0]
        taken = await room.answer("comment asked where")
        await room.click(local, taken)
        await room.sees("commented on .*asked where")
        asked = await room.answer("finish T1")
        assert local in asked.labels
        self.told["taken"], self.told["choice"] = taken.id, asked.id

    async def before(self) -> None:
        """All that is over when the process is killed."""
        await self.ask_a_person()
        await self.live()
        for name in ("sent", "unknown"):
            self.runs[name] = await self.started(name)
        await self.choice()

    async def at_the_end(self) -> None:
        """What is on its way when the process is killed: all of it within the patience of two minutes."""
        cutover, rooms = self.golden.cutover, self.rooms
        await rooms["live"].command("status amber replica lagging --next 1m")
        await rooms["live"].sees("AMBER replica lagging")
        path = rf"/runbooks/{self.cutover_id('sent')}/tasks/\d+/finish$"
        finish = cutover.fault("hold", method="PATCH", path=path)
        await rooms["sent"].command("finish T1")
        await asyncio.wait_for(finish.reached.wait(), 20)
        await rooms["sent"].command("comment waited behind the finish")
        self.lose_comments_of("unknown")
        await rooms["unknown"].command("comment lost just now")
        await rooms["sent"].sees("there is no answer yet")
        await rooms["unknown"].sees("no answer. Checking")


async def together(stories: list[Story], what: Callable[[Story], Awaitable[None]]) -> None:
    await asyncio.gather(*(what(story) for story in stories))


async def make(folder: Path) -> None:
    async with house.fresh(folder) as golden:
        await golden.liaison.start()
        stories = [Story(golden, golden.slack), Story(golden, golden.mattermost)]
        await together(stories, Story.before)
        code, said = await golden.liaison.run("say", "comment --run R1 said in the console", "--as", "ana")
        assert code == 0, said
        await together(stories, Story.at_the_end)
        await starts(golden, stories)
        await golden.liaison.kill()
        write(golden, dict(zip(("slack", "mattermost"), stories, strict=True)))


async def starts(golden: House, stories: list[Story]) -> None:
    held = golden.cutover.fault("hold", method="POST", path="/core/runbooks$", times=len(stories))
    before = len(golden.cutover.calls("POST", "/core/runbooks$"))
    for story in stories:
        await story.rooms["starting"].command(f"{START} cutover")
    await until(lambda: len(golden.cutover.calls("POST", "/core/runbooks$")) == before + len(stories))
    await asyncio.wait_for(held.reached.wait(), 20)
    for story in stories:
        await story.rooms["starting"].command("comment waited for the start")
    wanted = {("sent", "finish"): 2, ("sent", "start"): 2, ("unknown", "comment"): 4, ("new", "held back"): 2}
    await until(lambda: states(golden) == wanted)


def states(golden: House) -> dict[tuple[str, str], int]:
    """How many effects and messages are in which unfinished state."""
    found: dict[tuple[str, str], int] = {}
    with closing(sqlite3.connect(golden.database)) as database:
        unfinished = "select state, step from effects where state not in ('done', 'refused')"
        names = [(state, step.partition(":")[0]) for state, step in database.execute(unfinished)]
        names += [("new", "held back") for _ in database.execute("select 1 from inbox where state = 'new'")]
    for name in names:
        found[name] = found.get(name, 0) + 1
    return found


def write(golden: House, stories: dict[str, Story]) -> None:
    with closing(sqlite3.connect(golden.database)) as database:
        dump = "\n".join(database.iterdump()) + "\n"
        (due_at,) = database.execute('select max("when") from laters').fetchone()
        for (answer,) in database.execute("select answer from inbox"):
            assert b"127.0.0.1" not in answer, answer
        for story in stories.values():
            sent = "select mark from effects where state = 'sent' and step like 'finish:%' and run = ?"
            (mark,) = database.execute(sent, (story.runs["sent"][1:],)).fetchone()
            story.told["receipt_of_sent"] = json.loads(mark)["code"]
    assert str(golden.liaison.folder) not in dump
    house.DATABASE.write_text(house.templated(dump, golden.hosts))
    around = {
        "made_by": "0.1.0, commit c35e052",
        "due_at": due_at,
        "secret_key": golden.key_file.read_text().strip(),
        "told": {
            name: {
                **story.told,
                "rooms": {room: story.rooms[room].id for room in house.ROOMS},
                "runs": story.runs,
            }
            for name, story in stories.items()
        },
        "cutover": fakes.cutover_state(golden.cutover),
        "slack": fakes.slack_state(golden.slack.fake),
        "mattermost": fakes.mattermost_state(golden.mattermost.fake),
    }
    lines = [f"{json.dumps(name)}: {json.dumps(value, ensure_ascii=False)}" for name, value in around.items()]
    house.AROUND.write_text(house.templated("{\n" + ",\n".join(lines) + "\n}\n", golden.hosts))


def main() -> int:
    if house.DATABASE.exists() and "--again" not in sys.argv:
        print(f"{house.DATABASE} is there already, made by 0.1: nothing was changed")
        return 1
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(make(Path(folder)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
