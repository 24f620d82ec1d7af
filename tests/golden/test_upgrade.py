"""What version 0.1 left behind, killed in the middle, is taken up by the code that is checked out.

Rows are read, what was on its way is found and not sent again, what waited is done, and whatever was posted then
can still be pressed, submitted and looked up. See ``make_database.py`` for what happened before.
"""

import re

import pytest

from tests.adapters.cutover.world import FakeRunbook
from tests.e2e.chats import Room, Shown
from tests.e2e.process import until
from tests.golden.house import House, typed_again

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.parametrize("chat", ["slack", "mattermost"]),
]
TITLE = "Confirm the primary is down"


class Past:
    """One chat of a golden house. ``before``: what stood in a room when the house was opened."""

    def __init__(self, golden: House, chat: str) -> None:
        self.golden = golden
        self.chat = chat
        self.told = golden.told[chat]

    def room(self, name: str) -> Room:
        return self.golden.rooms[self.chat, name]

    def before(self, name: str) -> list[Shown]:
        return self.golden.seen[self.chat, name]

    def posted(self, name: str, label: str) -> Shown:
        """The post that had this button then, buttons and all as they were sent."""
        return next(one for one in reversed(self.before(name)) if label in one.labels)

    def handle(self, name: str) -> str:
        return str(self.told["runs"][name])

    def run(self, name: str) -> FakeRunbook:
        return self.run_called(self.handle(name))

    def run_called(self, handle: str) -> FakeRunbook:
        found = [one for one in self.golden.cutover.runbooks.values() if one.name.startswith(f"{handle} ")]
        assert len(found) == 1, found
        return found[0]

    def comments(self, run: FakeRunbook, text: str) -> list[str]:
        return [one.content for one in run.comments if text in one.content]

    def done(self, what: str, id: str) -> int:
        """How often Cutover did it, then and now."""
        return sum(entry[:2] == (what, id) for entry in self.golden.cutover.effects)

    def sent(self, method: str, path: str) -> int:
        """How often it was asked of Cutover since the house was opened."""
        return len(self.golden.cutover.calls(method, path))


@pytest.fixture
def past(golden: House, chat: str) -> Past:
    return Past(golden, chat)


async def test_what_was_sent_is_found_and_not_sent_again(past: Past) -> None:
    run, room = past.run("sent"), past.room("sent")
    task = run.task(TITLE)
    assert any("there is no answer yet" in one.words for one in past.before("sent"))
    await room.sees("finished T1")
    assert "there is no answer yet" not in room.words(), "the line says what became of it"
    await room.sees("1 of 4 done")
    assert (past.done("begin", task.id), past.done("finish", task.id)) == (1, 1)
    assert past.sent("PATCH", rf"/tasks/{task.id}/") == 0


async def test_what_waited_behind_it_is_done_once(past: Past) -> None:
    run, room = past.run("sent"), past.room("sent")
    await room.sees("commented on .*waited behind the finish")
    (comment,) = past.comments(run, "waited behind the finish")
    code = re.findall(r"\((\w{4})\)", comment)[-1]
    assert re.fullmatch("[2-9A-HJ-NP-Z]{4}", code)
    assert code in room.words(), "its receipt"
    assert past.sent("POST", f"/runbooks/{run.id}/comments$") == 1


async def test_what_was_unknown_is_found_and_not_sent_again(past: Past) -> None:
    run, room = past.run("unknown"), past.room("unknown")
    assert any("no answer. Checking" in one.words for one in past.before("unknown"))
    await room.sees("commented on .*lost just now")
    assert "no answer. Checking" not in room.words()
    assert len(past.comments(run, "lost just now")) == 1
    assert past.sent("POST", f"/runbooks/{run.id}/comments$") == 0


async def test_a_person_can_still_say_that_it_is_there(past: Past) -> None:
    run, room = past.run("asked"), past.room("asked")
    assert (await room.click("It is there", past.posted("asked", "It is there"))).status == 200
    await room.sees("commented on .*lost for good")
    await until(lambda: "It is there" not in room.labels())
    assert len(past.comments(run, "lost for good")) == 1
    assert past.sent("POST", f"/runbooks/{run.id}/comments$") == 0


async def test_a_start_that_was_sent_goes_on_with_the_run_that_it_made(past: Past) -> None:
    room = past.room("starting")
    card = past.before("starting")[0]
    found = re.search(r"R\d+", card.words)
    assert found is not None
    await room.sees(f"(?s){found[0]} Database failover.*T1 {TITLE}")
    run = past.run_called(found[0])
    assert (past.done("copy", run.id), past.done("start", run.id)) == (1, 1)
    assert past.sent("POST", "/core/runbooks$") == 0
    await room.sees("commented on .*waited for the start")
    assert len(past.comments(run, "waited for the start")) == 1


async def test_a_promised_update_comes_due(past: Past) -> None:
    room = past.room("live")
    await room.sees("(?i)@?ana.*update")
    reminder = await room.with_button("No more")
    assert reminder.id not in {one.id for one in past.before("live")}
    assert {"Update status", "No more"} <= set(reminder.labels)


async def test_an_old_button_of_a_live_card_works(past: Past) -> None:
    run, room = past.run("live"), past.room("live")
    assert (await room.click("Begin T1", past.posted("live", "Begin T1"))).status == 200
    await until(lambda: past.done("begin", run.task(TITLE).id))
    await room.sees("running T1")
    assert past.done("begin", run.task(TITLE).id) == 1


async def test_old_forms_can_be_submitted(past: Past) -> None:
    run, room = past.run("live"), past.room("live")
    sent = await room.fill({"health": "red", "text": "worse than it was"}, user="cam")
    assert sent.status == 200
    await until(lambda: "worse than it was" in (run.status_message or ""))
    assert run.status == "red"
    again = await sent.again()
    assert (again.status, again.body) == (sent.status, sent.body)
    assert (await room.fill({"do": "comment", "text": "by the old form", "task": "T2"}, user="ben")).status == 200
    await until(lambda: past.comments(run, "by the old form"))
    assert past.comments(run, "by the old form") == [
        one.content for one in run.comments if one.task == run.task("Page the DBA").id
    ]
    assert past.done("status", run.id) == 2, "the promise, and this"


async def test_an_old_choice_can_still_be_made_and_one_that_was_made_is_over(past: Past) -> None:
    room, local = past.room("choice"), f"{past.handle('local')} Database failover"
    old = {one.id: one for one in past.before("choice")}
    await room.click(local, old[past.told["taken"]])
    await room.sees("already handled this")
    await room.click(local, old[past.told["choice"]])
    await room.sees("finished T1")
    await room.sees(f"(?s){local}.*1 of 4 done")
    assert not past.done("finish", past.run("choice").task(TITLE).id)


async def test_receipts_of_then_are_found(past: Past) -> None:
    """Who finishes what is finished is told by whom it was, and by which receipt."""
    room = past.room("choice")
    answer = await room.answer(f"finish {past.handle('choice')}.T2")
    assert past.told["receipt"] in answer.words, answer.words
    await past.room("sent").sees("finished T1")
    answer = await room.answer(f"finish {past.handle('sent')}.T1")
    assert past.told["receipt_of_sent"] in answer.words, answer.words


async def test_a_delivery_of_then_is_known_when_it_comes_again(past: Past) -> None:
    first = past.told["comment"]
    assert await typed_again(past.room("live"), first["delivery"]) == (first["status"], first["answer"])
    await past.room("live").answer("comment the next one")
    assert len(past.comments(past.run("live"), "second DBA paged")) == 1


async def test_what_was_said_in_between_is_heard(past: Past) -> None:
    """Slack sends events again by itself; on Mattermost we read what we missed since the mark of then."""
    if past.chat == "mattermost":
        await until(lambda: past.comments(past.run("live"), "said while nobody listened"))
    assert len(past.comments(past.run("live"), "said while nobody listened")) == (past.chat == "mattermost")


async def test_people_are_known_from_then(past: Past) -> None:
    """Nobody's profile is asked for twice within a day."""
    await past.room("live").answer("whoami")
    if past.chat == "slack":
        assert all(seen.query.get("user") != "U0ANA" for seen in past.golden.slack.fake.calls("GET", "users.info"))


async def test_the_console_speaks_of_the_same_runs(past: Past) -> None:
    code, said = await past.golden.liaison.run("say", f"show {past.handle('asked')}", "--as", "ana")
    assert code == 0, said
    assert TITLE in said
