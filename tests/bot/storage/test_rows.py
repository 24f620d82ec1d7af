"""Every query works on both databases, and finds the rows that it should."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from adapters.models import Run, RunKey, RunState
from adapters.results import Baseline, WriteResult
from adapters.writes import FinishTask, WriteMarker
from bot.storage.activity import ActivityPost, ActivityRows
from bot.storage.effects import Effect, EffectLog
from bot.storage.inbox import Inbox
from bot.storage.installations import InstallationTable
from bot.storage.live_cards import LiveCard, LiveCardRows
from bot.storage.local_runs import LocalRunRows
from bot.storage.news import NewsRows, insert_news
from bot.storage.outbox import Delivery, Kind, OutboxRows
from bot.storage.people import PeopleRows
from bot.storage.preferences import PreferenceRows
from bot.storage.retention import Retention
from bot.storage.runs import RunRows
from bot.storage.scheduled import ScheduledRows
from bot.storage.store import Commit, Store
from bot.surfaces.protocol import StoredInstallation
from commands.dispatch import Route
from commands.model.card import ActivityLine
from commands.model.messages import Actor, Message, Place, Via
from commands.model.run_news import NewsKind, RunNews

NOW = datetime(2026, 11, 30, 14, 2, 3, 456789, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)
ANA, BEN = (Actor(surface="slack", workspace="T1", id=id) for id in ("U1_%", "U2"))
PLACE = Place(surface="slack", workspace="T1", channel="C1", thread="t")


@pytest.fixture
async def store(database_url: str) -> AsyncIterator[Store]:
    store = Store(database_url)
    await store.open()
    yield store
    await store.close()


def message(key: str, actor: Actor = ANA, via: Via = Via.COMMAND) -> Message:
    return Message(key=key, actor=actor, place=PLACE, via=via, at=NOW, text=f"finish T1 of {key}")


def delivery(key: str, kind: Kind = Kind.POST) -> Delivery:
    return Delivery(key=key, kind=kind, place=PLACE, at=NOW, until=LATER, cause=message("K1"))


async def test_the_inbox(store: Store) -> None:
    inbox, route = Inbox(store), Route(intent=None, queue="R1")
    for key in ("K1", "K2", "K3"):
        assert await inbox.record(message(key), b"\0answer") is None
    assert await inbox.record(message("K1"), b"another") == b"\0answer"
    await inbox.save_route("K2", "finish", route, 7)
    assert [item.message.key for item in await inbox.unfinished()] == ["K2", "K1", "K3"]
    assert await inbox.last_queue_order() == 7
    await inbox.mark_stopped("K2")
    assert (await inbox.unfinished())[0].stopped
    inbox.withdraw("K3")
    assert await inbox.mark_done("K1", "done", [delivery("answer K1 x", Kind.ANSWER)]) == {"answer K1 x"}
    assert [item.message.key for item in await inbox.unfinished()] == ["K2"]
    assert await inbox.mark_done("K2", "done", [delivery("answer K2 x", Kind.ANSWER)]) == {"answer K2 x"}
    reopened = await store.transaction(lambda connection: inbox.reopen(connection, "K2", LATER), Commit.DONE)
    assert reopened is not None
    assert reopened.requested_at == LATER
    assert [one.key for one in await OutboxRows(store).unsent()] == ["answer K1 x"], "the other one is not true"
    assert await inbox.has_message(ANA, PLACE, NOW)
    assert not await inbox.has_message(ANA, PLACE, LATER)
    assert not await inbox.has_message(BEN, PLACE, NOW)
    assert await inbox.take_choice("choice", ANA, "K1", NOW) is None
    assert await inbox.take_choice("choice", BEN, "K2", LATER) == (ANA, NOW)
    found = await inbox.get("K1")
    assert found is not None
    assert found.result == "done"


async def test_effects_and_receipts(store: Store) -> None:
    log = EffectLog(store)
    effect = Effect(
        key="K1",
        step=FinishTask(run=RunKey(platform="p", id="1"), task="2"),
        run="R1",
        platform="p",
        marker=WriteMarker(code="7K2F", who="Ana", at=NOW),
        baseline=Baseline(sent_at=NOW),
        state="sent",
        sends=1,
    )
    await log.record_sent(effect)
    assert await log.list_open() == [effect]
    assert await log.count_unknown(LATER) == {"p": 1}
    assert await log.count_unknown(NOW) == {}
    assert await log.of_run("R1", NOW) == [effect]
    assert await log.of_run("R1", LATER) == []

    await store.transaction(
        lambda connection: log.write_outcome(connection, effect, "done", WriteResult()), Commit.OUTCOME
    )
    log.remember_receipt(effect)
    assert [receipt.code for receipt in await log.receipts("R1", "2")] == ["7K2F"]
    assert [receipt.code for receipt in await log.receipts("R1", "")] == ["7K2F"]
    assert list(await log.for_message("K1")) == [effect.step.step_key]


def ended(run: Run) -> Run:
    return run.model_copy(update={"state": RunState.FINISHED})


async def test_runs_and_what_is_told_about_them(store: Store) -> None:
    rows = RunRows(store, lambda: NOW)
    run = Run(key=RunKey(platform="p", id="1"), title="Failover", runbook="Failover", state=RunState.ACTIVE)
    stored = await rows.transaction(lambda change: change.insert(run, start_key="K1", started=False), Commit.START)
    assert await rows.transaction(lambda change: change.find(run.key), Commit.RUN) == stored
    assert await rows.transaction(lambda change: change.find_start("K1"), Commit.RUN) == stored
    pending = await rows.transaction(lambda change: change.pending_starts("p"), Commit.RUN)
    assert pending == [], "it has an id"
    await rows.bind("R1", PLACE)
    bound = await rows.transaction(lambda change: change.bound_to(PLACE), Commit.RUN)
    assert bound is not None
    await rows.mark_used(ANA, "R1")
    again = RunRows(store, lambda: NOW)
    await again.load()
    assert (again.get("R1"), await again.bound_to(PLACE), await again.last_used(ANA)) == (bound.run,) * 3
    assert await again.find(run.key) == await again.read("R1") == bound.run
    assert await again.read("R2") is await again.read(f"R{2**70}") is None
    assert [head.handle for head in again.in_channel(PLACE)] == ["R1"]
    await rows.transaction(lambda change: change.unbind("R1"), Commit.BINDING)
    assert rows.in_channel(PLACE) == []
    await rows.change("R1", lambda run: run.model_copy(update={"run": ended(run.run)}))
    await again.load()
    assert again.get("R1") is None
    assert [found.run.state for found in await again.of_runbook("FAILOVER")] == [RunState.FINISHED]
    told = await store.transaction(
        lambda connection: insert_news(connection, "R1", [RunNews(kind=NewsKind.ENDED)], NOW), Commit.NEWS
    )
    news = NewsRows(store)
    assert await news.all() == told
    assert await news.finish(told, [delivery("D1")]) == {"D1"}
    assert await news.finish(told, [delivery("D2")]) == set(), "another replica has told them"


async def test_what_is_sent_to_chats(store: Store) -> None:
    outbox, cards, activity = OutboxRows(store), LiveCardRows(store), ActivityRows(store)
    assert await outbox.insert([delivery("D1"), delivery("D2")]) == {"D1", "D2"}
    assert await outbox.insert([delivery("D1"), delivery("D3", Kind.CARD)]) == {"D3"}
    outbox.sent(delivery("D1"))
    outbox.sent(delivery("D3", Kind.CARD))
    assert await outbox.park(delivery("D2"), [delivery("D4")]) == {"D4"}
    assert [(one.key, one.parked) for one in await outbox.unsent()] == [("D2", True), ("D4", False)]
    assert await outbox.insert([delivery("D1")]) == set()
    card = LiveCard("nonce", "R1", PLACE)
    await cards.save(card)
    assert await cards.due() == [card], "it is not posted"
    edited = replace(card, post="p", shown="hash", edited_at=NOW, drawn_at=NOW)
    await cards.save(edited)
    cards.record_edit(edited, 3, settled=True)
    assert await cards.of_run("R1") == [edited]
    assert await cards.due() == []
    cards.record_shown(edited, 3, settled=False)
    assert await cards.due() == [edited], "what it shows can change without the run"
    await cards.delete(card)
    assert await cards.of_run("R1") == []
    assert await cards.drawn_before(LATER, NOW, after="") == []
    post, line = ActivityPost("n", "R1", PLACE, NOW), ActivityLine("R1", "K1:finish", ("done",))
    await activity.add_line(post, 0, line)
    assert await activity.posts_not_shown() == [post]
    await activity.mark_shown(post, [line])
    assert await activity.posts_not_shown() == []
    assert (await activity.find_post("K1:finish"), await activity.find_line("K1:finish")) == (post, line)
    assert await activity.lines_of_message("K1") == [line]
    assert await activity.lines_of_message("K") == []


async def test_the_first_place_of_a_card_stays_the_first(store: Store) -> None:
    """Activity lines are posted there."""
    cards = LiveCardRows(store)
    places = [PLACE.model_copy(update={"channel": channel}) for channel in ("C3", "C1", "C2")]
    for number, place in enumerate(places):
        await cards.save(LiveCard(f"posting {number}", "R1", place))
        await cards.save(LiveCard(f"posted {number}", "R1", place, post=f"p{number}"))
    await cards.save(LiveCard("moved", "R1", places[0], post="p3"))
    await cards.save(LiveCard("of another run", "R2", places[1], post="p4"))
    assert [card.place for card in await cards.of_run("R1")] == places


async def test_people_and_their_settings(store: Store) -> None:
    people, preferences, installations = PeopleRows(store), PreferenceRows(store), InstallationTable(store)
    await people.put([ANA, BEN], NOW)
    await people.delete("slack", BEN.id)
    assert await people.load() == [(ANA, NOW)]
    await people.delete("slack")
    assert await people.load() == []
    await preferences.set_notify_mode(ANA, "dm")
    assert await preferences.notify_mode(ANA) == "dm"
    await preferences.set_notify_mode(ANA, "auto")
    assert await preferences.notify_mode(ANA) == "auto"
    row = StoredInstallation("T1", "Acme", "{}", "token", "U1", NOW)
    await installations.put(row)
    assert await installations.all() == [row]


async def test_what_is_due_later_and_local_runs(store: Store) -> None:
    scheduled, local = ScheduledRows(store), LocalRunRows(store)
    await scheduled.put("slot", LATER, message("K1"))
    assert [found async for found in scheduled.all()] == [("slot", (LATER, message("K1")))]
    scheduled.delete("slot")
    assert [found async for found in scheduled.all()] == []
    assert await local.save("1", "{}", over=False, replaces=None)
    assert await local.save("2", "[]", over=True, replaces=None)
    assert await local.save("1", "()", over=False, replaces="{}")
    assert not await local.save("1", "lost", over=False, replaces="{}"), "somebody else was faster"
    assert not await local.save("1", "lost", over=False, replaces=None)
    assert not await local.save("3", "lost", over=False, replaces="{}")
    assert await local.all() == [("2", "[]"), ("1", "()")]
    assert await local.active() == [("1", "()")]


async def test_nothing_is_old_yet(store: Store, tmp_path: Path) -> None:
    await Inbox(store).record(message("K1"), b"")
    assert await Retention(store, timedelta(days=90), lambda: LATER).apply() == 0
