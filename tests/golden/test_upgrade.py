"""The current code continues the work of a version 0.1 that was killed while writing.

Rows are read, sent writes are looked up and not sent again, queued writes are executed, and buttons, forms and
receipts of version 0.1 still work. ``make_database.py`` describes the state that version 0.1 left.
"""

import re

import pytest

from tests.adapters.cutover.world import FakeRunbook
from tests.e2e.chats import BotMessage, Room
from tests.e2e.process import until
from tests.golden.environment import Environment, resend_command

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.parametrize("chat", ["slack", "mattermost"]),
]
FIRST_TASK = "Confirm the primary is down"


class UpgradedChat:
    """One chat after the upgrade. ``before``: the messages in a room before the current code was started."""

    def __init__(self, golden: Environment, chat: str) -> None:
        self.golden = golden
        self.chat = chat
        self.recorded = golden.recorded[chat]

    def room(self, name: str) -> Room:
        return self.golden.rooms[self.chat, name]

    def before(self, name: str) -> list[BotMessage]:
        return self.golden.captured[self.chat, name]

    def posted(self, name: str, label: str) -> BotMessage:
        """The newest message of version 0.1 with this button."""
        return next(message for message in reversed(self.before(name)) if label in message.labels)

    def handle(self, name: str) -> str:
        return str(self.recorded["runs"][name])

    def run(self, name: str) -> FakeRunbook:
        return self.run_with_handle(self.handle(name))

    def run_with_handle(self, handle: str) -> FakeRunbook:
        runs = [run for run in self.golden.cutover.runbooks.values() if run.name.startswith(f"{handle} ")]
        assert len(runs) == 1, runs
        return runs[0]

    def comments(self, run: FakeRunbook, text: str) -> list[str]:
        return [comment.content for comment in run.comments if text in comment.content]

    def count_effects(self, op: str, id: str) -> int:
        """How often Cutover executed ``op`` on the run or task, before and after the upgrade."""
        return sum(entry[:2] == (op, id) for entry in self.golden.cutover.effects)

    def count_requests(self, method: str, path: str) -> int:
        """Requests to Cutover since the upgrade."""
        return len(self.golden.cutover.calls(method, path))


@pytest.fixture
def upgraded(golden: Environment, chat: str) -> UpgradedChat:
    return UpgradedChat(golden, chat)


async def test_a_sent_finish_is_looked_up_and_not_sent_again(upgraded: UpgradedChat) -> None:
    run, room = upgraded.run("sent"), upgraded.room("sent")
    task = run.task(FIRST_TASK)
    assert any("there is no answer yet" in message.text for message in upgraded.before("sent"))
    await room.wait_for_text("finished T1")
    assert "there is no answer yet" not in room.text(), "the line shows the result"
    await room.wait_for_text("1 of 4 done")
    assert (upgraded.count_effects("begin", task.id), upgraded.count_effects("finish", task.id)) == (1, 1)
    assert upgraded.count_requests("PATCH", rf"/tasks/{task.id}/") == 0


async def test_a_comment_queued_behind_a_sent_write_is_written_once(upgraded: UpgradedChat) -> None:
    run, room = upgraded.run("sent"), upgraded.room("sent")
    await room.wait_for_text("commented on .*waited behind the finish")
    (comment,) = upgraded.comments(run, "waited behind the finish")
    code = re.findall(r"\((\w{4})\)", comment)[-1]
    assert re.fullmatch("[2-9A-HJ-NP-Z]{4}", code)
    assert code in room.text(), "the answer has the receipt code"
    assert upgraded.count_requests("POST", f"/runbooks/{run.id}/comments$") == 1


async def test_a_comment_with_an_unknown_outcome_is_looked_up_and_not_sent_again(upgraded: UpgradedChat) -> None:
    run, room = upgraded.run("unknown"), upgraded.room("unknown")
    assert any("no answer. Checking" in message.text for message in upgraded.before("unknown"))
    await room.wait_for_text("commented on .*lost just now")
    assert "no answer. Checking" not in room.text()
    assert len(upgraded.comments(run, "lost just now")) == 1
    assert upgraded.count_requests("POST", f"/runbooks/{run.id}/comments$") == 0


async def test_a_person_can_still_confirm_that_a_comment_was_written(upgraded: UpgradedChat) -> None:
    run, room = upgraded.run("asked"), upgraded.room("asked")
    assert (await room.click("It is there", upgraded.posted("asked", "It is there"))).status == 200
    await room.wait_for_text("commented on .*lost for good")
    await until(lambda: "It is there" not in room.button_labels())
    assert len(upgraded.comments(run, "lost for good")) == 1
    assert upgraded.count_requests("POST", f"/runbooks/{run.id}/comments$") == 0


async def test_a_sent_start_continues_with_the_run_it_created(upgraded: UpgradedChat) -> None:
    room = upgraded.room("starting")
    card = upgraded.before("starting")[0]
    found = re.search(r"R\d+", card.text)
    assert found is not None
    await room.wait_for_text(f"(?s){found[0]} Database failover.*T1 {FIRST_TASK}")
    run = upgraded.run_with_handle(found[0])
    assert (upgraded.count_effects("copy", run.id), upgraded.count_effects("start", run.id)) == (1, 1)
    assert upgraded.count_requests("POST", "/core/runbooks$") == 0
    await room.wait_for_text("commented on .*waited for the start")
    assert len(upgraded.comments(run, "waited for the start")) == 1


async def test_a_promised_update_is_reminded_of(upgraded: UpgradedChat) -> None:
    room = upgraded.room("live")
    await room.wait_for_text("(?i)@?ana.*update")
    reminder = await room.wait_for_button("No more")
    assert reminder.id not in {message.id for message in upgraded.before("live")}
    assert {"Update status", "No more"} <= set(reminder.labels)


async def test_an_old_button_of_a_live_card_works(upgraded: UpgradedChat) -> None:
    run, room = upgraded.run("live"), upgraded.room("live")
    assert (await room.click("Begin T1", upgraded.posted("live", "Begin T1"))).status == 200
    await until(lambda: upgraded.count_effects("begin", run.task(FIRST_TASK).id))
    await room.wait_for_text(r"T1 [^\n]+(\n| — )running")
    assert upgraded.count_effects("begin", run.task(FIRST_TASK).id) == 1


async def test_old_forms_can_be_submitted(upgraded: UpgradedChat) -> None:
    run, room = upgraded.run("live"), upgraded.room("live")
    delivery = await room.submit_form({"health": "red", "text": "worse than it was"}, user="cam")
    assert delivery.status == 200
    await until(lambda: "worse than it was" in (run.status_message or ""))
    assert run.status == "red"
    repeated = await delivery.resend()
    assert (repeated.status, repeated.body) == (delivery.status, delivery.body)
    assert (
        await room.submit_form({"do": "comment", "text": "by the old form", "task": "T2"}, user="ben")
    ).status == 200
    await until(lambda: upgraded.comments(run, "by the old form"))
    assert upgraded.comments(run, "by the old form") == [
        comment.content for comment in run.comments if comment.task == run.task("Page the DBA").id
    ]
    assert upgraded.count_effects("status", run.id) == 2, "the update with the promise, and this one"


async def test_an_open_choice_can_still_be_made_and_a_made_one_cannot_be_repeated(upgraded: UpgradedChat) -> None:
    room, local = upgraded.room("choice"), f"{upgraded.handle('local')} Database failover"
    old = {message.id: message for message in upgraded.before("choice")}
    await room.click(local, old[upgraded.recorded["taken"]])
    await room.wait_for_text("already handled this")
    await room.click(local, old[upgraded.recorded["choice"]])
    await room.wait_for_text("finished T1")
    await room.wait_for_text(f"(?s){local}.*1 of 4 done")
    assert not upgraded.count_effects("finish", upgraded.run("choice").task(FIRST_TASK).id)


async def test_old_receipts_are_found(upgraded: UpgradedChat) -> None:
    """Finishing a finished task names the person who finished it and the receipt."""
    room = upgraded.room("choice")
    answer = await room.private_answer(f"finish {upgraded.handle('choice')}.T2")
    assert upgraded.recorded["receipt"] in answer.text, answer.text
    await upgraded.room("sent").wait_for_text("finished T1")
    answer = await room.private_answer(f"finish {upgraded.handle('sent')}.T1")
    assert upgraded.recorded["receipt_of_sent"] in answer.text, answer.text


async def test_a_repeated_delivery_from_before_the_upgrade_is_ignored(upgraded: UpgradedChat) -> None:
    first = upgraded.recorded["comment"]
    assert await resend_command(upgraded.room("live"), first["delivery"]) == (first["status"], first["answer"])
    await upgraded.room("live").private_answer("comment the next one")
    assert len(upgraded.comments(upgraded.run("live"), "second DBA paged")) == 1


async def test_a_mention_posted_while_the_process_was_down_is_executed(upgraded: UpgradedChat) -> None:
    """Mattermost: posts since the stored position are read at start. Slack sends missed events again itself."""
    if upgraded.chat == "mattermost":
        await until(lambda: upgraded.comments(upgraded.run("live"), "said while nobody listened"))
    assert len(upgraded.comments(upgraded.run("live"), "said while nobody listened")) == (
        upgraded.chat == "mattermost"
    )


async def test_stored_profiles_are_used(upgraded: UpgradedChat) -> None:
    """A profile is not requested twice within a day."""
    await upgraded.room("live").private_answer("whoami")
    if upgraded.chat == "slack":
        assert all(
            request.query.get("user") != "U0ANA"
            for request in upgraded.golden.slack.fake.calls("GET", "users.info")
        )


async def test_the_console_shows_the_same_runs(upgraded: UpgradedChat) -> None:
    code, output = await upgraded.golden.liaison.run("say", f"show {upgraded.handle('asked')}", "--as", "ana")
    assert code == 0, output
    assert FIRST_TASK in output
