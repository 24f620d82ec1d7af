"""The status of a run, and the promise of the next update."""

from datetime import UTC, timedelta

from adapters.models import Health
from adapters.protocol import Emulated
from adapters.writes import Op
from commands.cards.health_line import status_line
from commands.model.card import PersonName
from commands.model.intents import PromiseUpdate, UpdateDue
from commands.model.messages import Place, Via
from commands.text.catalogue import plain_text
from tests.commands.room import (
    ANA,
    BEN,
    HERE,
    Room,
    activity_texts,
    button_labels,
    private_text,
    public_text,
)

OTHER = Place(surface="console", channel="other")


async def test_a_status_is_said_in_the_place_and_promises_the_next(room: Room) -> None:
    await room.start()
    answer = await room.type("status amber replica lagging behind 40 s --next 15m")
    assert private_text(answer).startswith("R1 Primary down in EU: status AMBER. Receipt ")
    assert public_text(answer).splitlines() == [
        "🟠 AMBER · R1 Primary down in EU",
        "replica lagging behind 40 s",
        "Ana 14:06 UTC · next update 14:21 UTC",
    ]
    assert [line.corrects for line in answer.activity] == [True]
    due = room.time + timedelta(minutes=15)
    assert room.responder.reminders == {"R1": due}
    assert (await room.run("R1")).overlay.update_due == due
    assert answer.changed_runs == ("R1",)


async def test_an_update_that_was_queued_has_one_time_in_its_post_and_on_the_card(room: Room) -> None:
    """When it was done, not when it was typed."""
    await room.start()
    message = room._message(ANA, HERE, Via.COMMAND, "", text="status amber replica lagging")
    room.wait(minutes=3)
    answer = await room.send(message)
    tracked = await room.run("R1")
    shown = plain_text(status_line(tracked, UTC, room.now()))
    at = public_text(answer).splitlines()[-1].removeprefix("Ana ").partition(" UTC")[0]
    assert f"Ana {at}" in shown, (shown, public_text(answer))


async def test_the_longer_an_update_is_overdue_the_more_people_are_told(room: Room) -> None:
    await room.start()
    await room.type("status red users cannot pay --next 15m", by=BEN)
    due = room.responder.reminders["R1"]
    assert due is not None
    first = await room.press(UpdateDue(run="R1", at=due), by=BEN)
    assert first.thread_of == "R1"
    overdue = "The update on R1 Primary down in EU that Ben promised is overdue. It was due at 14:21 UTC."
    assert [plain_text(card.title) for _, card in room.responder.announced] == [overdue]
    room.wait(minutes=20)
    await room.press(room.responder.escalations[-1], by=BEN)
    room.wait(minutes=5)
    await room.press(room.responder.escalations[-1], by=BEN)
    again = "The update you promised for R1 Primary down in EU was due at 14:21 UTC. It is 5 min late."
    owner = "Ben promised an update on R1 Primary down in EU by 14:21 UTC, and it hasn't come yet."
    assert [(to, plain_text(card.title)) for to, card in room.responder.direct] == [
        (BEN.id, again),
        (ANA.id, owner),
    ]
    await room.press(PromiseUpdate(run="R1", next="off"), by=BEN)
    await room.press(UpdateDue(run="R1", at=due, tells="owner"), by=BEN)
    assert len(room.responder.direct) == len(room.responder.escalations) == 2


async def test_a_reminder_after_a_long_downtime_says_how_late_the_update_is(room: Room) -> None:
    await room.start()
    await room.type("status red users cannot pay --next 15m", by=BEN)
    due = room.responder.reminders["R1"]
    assert due is not None
    room.wait(minutes=15 + 2 * 60 + 5)
    reminder = await room.press(UpdateDue(run="R1", at=due), by=BEN)
    assert "was due at 14:21 UTC. It is 2 h 5 min late." in public_text(reminder)
    assert [due.tells for due in room.responder.escalations] == ["author"], "and the next is not due yet"


async def test_the_reminder_names_who_promised_and_is_said_for_the_last_promise_only(room: Room) -> None:
    await room.start()
    await room.type("status amber lagging --next 15m", by=BEN)
    due = room.responder.reminders["R1"]
    assert due is not None
    answer = await room.press(UpdateDue(run="R1", at=due), by=BEN)
    assert "the update you promised for R1 Primary down in EU is due" in public_text(answer)
    assert answer.public is not None
    assert answer.public.title[0] == PersonName("Ben", "U2", ping=True)
    assert button_labels(answer) == ["Update status", "+15m", "No more"]
    room.wait(minutes=15)
    postponed = await room.press(PromiseUpdate(run="R1", next="15m"), by=BEN)
    assert activity_texts(postponed) == ["Ben: the next update for R1 is due at 14:36 UTC"]
    assert (await room.press(UpdateDue(run="R1", at=due))).public is None
    stopped = await room.press(PromiseUpdate(run="R1", next="off"), by=BEN)
    assert activity_texts(stopped) == ["Ben: no next update set for R1"]
    assert room.responder.reminders["R1"] is None


async def test_a_colour_that_the_platform_cannot_hold_is_kept_by_liaison(room: Room) -> None:
    await room.start()
    room.platform.capabilities = {**room.platform.capabilities, Op.STATUS: Emulated("a post")}
    await room.type("status red all down")
    known = await room.run("R1")
    assert (known.overlay.health, known.overlay.health_text, known.overlay.health_by) == (
        Health.RED,
        "all down",
        "Ana",
    )


async def test_status_alone_shows_it(room: Room) -> None:
    await room.start()
    answer = await room.type("status")
    assert "No status update yet for R1 Primary down in EU." in private_text(answer)
    await room.type("status green fine")
    answer = await room.type("status")
    assert "fine — Ana 14:06 UTC · no next update set" in private_text(answer)
    assert button_labels(answer) == ["Update status"]
    assert answer.public is None


async def test_a_colour_without_words_asks_for_them(room: Room) -> None:
    await room.start()
    answer = await room.type("status amber")
    assert "A status update needs some text." in private_text(answer)
    assert button_labels(answer) == ["Update status"]
