"""Who did what, and what is promised, where the platform cannot say it: cards never tell less than we know."""

from datetime import timedelta

import pytest

from adapters.models import Comment, Person, TaskState
from adapters.protocol import Unsupported
from adapters.results import WriteResult
from adapters.writes import Op
from commands.cards.run_card import live_card
from commands.cards.task_list import task_list_card
from commands.text.catalogue import plain_text
from commands.text.phrases import task_name
from tests.commands.room import BEN, Room, button_labels, find_button, private_text, public_text


@pytest.fixture
def nameless(room: Room) -> Room:
    """A platform where one token acts for everybody, and nobody can be assigned."""
    nobody: dict[str, object] = {"assignees": (), "started_by": None, "finished_by": None}
    titles = ("Confirm the primary is down", "Page the DBA", "Promote the replica")
    room.platform.task_changes = {title: dict(nobody) for title in titles}
    room.platform.capabilities = {**room.platform.capabilities, Op.ASSIGN: Unsupported("Assign it there.")}
    return room


async def _note(room: Room, handle: str) -> str:
    card = task_list_card(await room.run("R1"), 0, room.now(), room.services.zone)
    rows = [row for section in card.sections for row in section.rows]
    return next(plain_text(row.note) for row in rows if row.handle == handle)


async def test_the_card_names_who_began_and_finished_through_us(nameless: Room) -> None:
    await nameless.start()
    await nameless.type("begin T1", by=BEN)
    assert await _note(nameless, "T1") == "Ben since 14:06 UTC"
    await nameless.type("finish T1")
    assert await _note(nameless, "T1") == "Ana 14:06 UTC"


async def test_who_finished_what_was_somebody_elses_is_named(nameless: Room) -> None:
    nameless.platform.task_changes["Page the DBA"] |= {
        "assignees": (Person(id="2", name="Ben"),),
        "started_by": "Ben",
    }
    await nameless.start()
    await nameless.type("begin T2")
    assert await _note(nameless, "T2") == "Ben since 14:06 UTC, begun by Ana"
    await nameless.type("finish T2")
    assert await _note(nameless, "T2") == "Ana 14:06 UTC"


async def test_who_did_it_is_named_by_the_platforms_clock_however_far_from_ours(nameless: Room) -> None:
    theirs: dict[str, object] = {"finished_at": nameless.now() - timedelta(hours=3)}
    await nameless.start()
    task = (await nameless.run("R1")).run.tasks[0]
    done = task.model_copy(update={"state": TaskState.DONE, **theirs})
    nameless.platform.results[Op.FINISH] = WriteResult(tasks=(done,))
    await nameless.type("finish T1", by=BEN)
    assert await _note(nameless, "T1") == "Ben 11:05 UTC"


async def test_nobody_is_named_for_what_was_done_elsewhere_since(nameless: Room) -> None:
    await nameless.start()
    await nameless.type("finish T1", by=BEN)
    later: dict[str, object] = {"finished_at": nameless.now() + timedelta(hours=1)}
    nameless.platform.task_changes["Confirm the primary is down"] |= later
    await nameless.type("show")
    assert await _note(nameless, "T1") == "15:06 UTC"


async def test_what_i_began_is_mine_where_nobody_can_be_assigned(nameless: Room) -> None:
    await nameless.start()
    await nameless.type("begin T2")
    assert private_text(await nameless.type("mine")) == "You have one open task"
    assert private_text(await nameless.type("mine", by=BEN)).startswith("You have no open tasks.")
    assert button_labels(await nameless.type("finish"))[0] == "T2 Page the DBA"


async def test_a_promise_taken_back_is_not_shown_although_the_platform_keeps_it(room: Room) -> None:
    await room.start()
    await room.type("status amber lagging --next 15m")
    room.wait(minutes=1)
    assert private_text(await room.type("status --next off")) == "R1 Primary down in EU: no next update set."
    assert "no next update set" in private_text(await room.type("status"))
    assert "14:37" in private_text(await room.type("status --next 30m"))
    assert "next update 14:37 UTC" in private_text(await room.type("status"))


async def test_a_long_status_is_whole_where_it_is_said_and_cut_on_the_card(room: Room) -> None:
    await room.start()
    text = "the replica lags " * 40
    assert text.strip() in public_text(await room.type(f"status red {text}"))
    card = live_card(await room.run("R1"), room.services, room.now())
    assert len(plain_text(card.lines[0])) < 260
    assert text.strip() in private_text(await room.type("status"))


async def test_a_sentence_cuts_a_title_that_its_card_shows_whole(room: Room) -> None:
    title = "x" * 150
    room.platform.task_changes["Page the DBA"] = {"title": title}
    known = await room.start()
    task = known.run.task(known.task_id("T2") or "")
    assert task is not None
    assert task_name(known, task).endswith("…")
    assert title in private_text(await room.type("show T2"))


async def test_what_can_begin_after_a_start_is_known_at_once(room: Room) -> None:
    """The answer to a start may have the tasks as they were before it: all waiting."""
    room.platform.started_task_changes["state"] = TaskState.WAITING
    await room.start()
    answer = await room.type("next")
    assert button_labels(answer)[0] == "Begin T1"
    assert find_button(answer, "Begin T2")


async def test_nothing_can_begin_in_a_run_that_is_over(room: Room) -> None:
    await room.start()
    await room.type("end --yes")
    assert private_text(await room.type("next")) == "R1 Primary down in EU is finished. No more tasks can begin."


async def test_a_begin_that_only_a_comment_says_is_no_running_task(nameless: Room) -> None:
    """Runrun.it plays nothing for a person without a user."""
    await nameless.start()
    nameless.platform.results = {Op.BEGIN: WriteResult(comment=Comment(text="Being worked on"))}
    answer = await nameless.type("begin T1", by=BEN)
    assert "T1 Confirm the primary is down: begun (noted as a comment)" in private_text(answer)
    assert await _note(nameless, "T1") == "Ben"
    assert private_text(await nameless.type("mine", by=BEN)) == "You have one open task"
    assert private_text(await nameless.type("mine")).startswith("You have no open tasks.")
