"""Every table of one store, read by the classes that read it, and written by them into another.

``told`` are the rows of 0.1 by its column names, for what a class takes and does not give back (an order, a key).
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any

from sqlalchemy import Connection

from bot.storage.activity import ActivityRows
from bot.storage.effects import Effect, EffectLog
from bot.storage.inbox import Inbox, UnfinishedMessage
from bot.storage.live_cards import LiveCardRows
from bot.storage.local_runs import LocalRunRows
from bot.storage.people import PeopleRows
from bot.storage.run_transaction import RunTransaction
from bot.storage.runs import RunRows
from bot.storage.scheduled import ScheduledRows
from bot.storage.store import Commit, Store
from bot.storage.surface_state import SurfaceStateRows
from commands.model.messages import Actor, Place
from commands.model.tracked_run import TrackedRun

Told = Mapping[str, Sequence[Mapping[str, Any]]]
AT = datetime(2026, 11, 30, 12, 3, 30, 26234, tzinfo=UTC)


def now() -> datetime:
    return AT


async def rewrite(old: Store, new: Store, told: Told) -> None:
    await _inbox(old, new, told)
    await _runs(old, new, told)
    await _effects(old, new, told)
    await _live_cards(LiveCardRows(old), LiveCardRows(new))
    await _activity(ActivityRows(old), ActivityRows(new), told)
    await _facts(old, new, told)


async def _reopen(store: Store, key: str) -> UnfinishedMessage | None:
    return await store.transaction(lambda connection: Inbox(store).reopen(connection, key, None), Commit.OUTCOME)


async def _inbox(old_store: Store, new_store: Store, told: Told) -> None:
    old, new = Inbox(old_store), Inbox(new_store)
    tickets = {left.message.key: left.route for left in await old.unfinished()}
    for row in told["inbox"]:
        key = row["key"]
        known = await old.get(key)
        assert known is not None
        answer = await old.record(known.message, b"")
        assert answer is not None
        if known.result is not None and (again := await _reopen(old_store, key)):
            tickets[key] = again.route
        await new.record(known.message, answer)
        if (ticket := tickets.get(key)) is not None:
            await new.save_route(key, known.intent or "", ticket, row["joined"])
        elif known.intent is not None:
            await new.save_intent(key, known.intent)
        if row["stopped"]:
            await new.mark_stopped(key)
        if known.result is not None:
            await new.mark_done(key, known.result)
        if row["state"] == "again":
            await new.mark_done(key, "done")
            await _reopen(new_store, key)
    for row in told["choices"]:
        taken = await old.take_choice(row["key"], Actor(surface="slack", id="U0BEN"), "another", now())
        assert taken is not None
        by, at = taken
        assert await new.take_choice(row["key"], by, row["message"], at) is None


async def _runs(old_store: Store, new_store: Store, told: Told) -> None:
    old, new = RunRows(old_store, now), RunRows(new_store, now)
    await old.load()
    for row in told["runs"]:
        known = old.get(f"R{row['number']}")
        assert known is not None
        await new.transaction(partial(_rewrite_run, known, row["start_key"]), Commit.RUN)
        for place, thread in old.places(known.handle):
            surface, workspace, channel = place.split("/")
            where = Place(surface=surface, workspace=workspace, channel=channel, thread=thread)
            await new.bind(known.handle, where)
    for row in told["touched"]:
        surface, workspace, id = row["actor"].split("/")
        actor = Actor(surface=surface, workspace=workspace, id=id)
        touched = old.last_used(actor)
        assert touched is not None
        await new.mark_used(actor, touched.handle)


def _rewrite_run(known: TrackedRun, start_key: str | None, rows: RunTransaction) -> None:
    started = start_key is None
    made = rows.insert(known.run, start_key=start_key, started=started)
    rows.change(made.handle, lambda _: known)


async def _effects(old_store: Store, new_store: Store, told: Told) -> None:
    old, new = EffectLog(old_store), EffectLog(new_store)
    await old.load()
    for row in told["effects"]:
        effect = await old.get(row["key"], row["step"])
        assert effect is not None
        await new.record_sent(effect)
        if effect.state != "sent":
            await new_store.transaction(partial(_rewrite_outcome, new, effect), Commit.OUTCOME)
    unknown = {effect.id for effect in await old.list_open() if effect.state == "unknown"}
    assert unknown == {(row["key"], row["step"]) for row in told["effects"] if row["state"] == "unknown"}
    for row in told["ledger"]:
        receipts = await old.receipts(f"R{row['run']}", row["task"])
        assert row["code"] in [receipt.code for receipt in receipts]


def _rewrite_outcome(log: EffectLog, effect: Effect, connection: Connection) -> None:
    log.write_outcome(connection, effect, effect.state, effect.outcome)


async def _live_cards(old: LiveCardRows, new: LiveCardRows) -> None:
    for card in await old.all():
        await new.save(card)


async def _activity(old: ActivityRows, new: ActivityRows, told: Told) -> None:
    for nonce in [row["nonce"] for row in told["trace_posts"]]:
        for number, line in enumerate(await old.lines_in_post(nonce)):
            post = await old.find_post(line.slot)
            assert post is not None
            await new.save(post, {number: line}, shown=True)
    assert set(await new.slots()) == set(await old.slots())


async def _facts(old: Store, new: Store, told: Told) -> None:
    for slot, (when, message) in (await ScheduledRows(old).all()).items():
        await ScheduledRows(new).put(slot, when, message)
    for actor, at in await PeopleRows(old).load():
        await PeopleRows(new).put([actor], at)
    for row in told["notes"]:
        value = await SurfaceStateRows(old, "").get(row["name"])
        assert value is not None
        await SurfaceStateRows(new, "").put(row["name"], value)
    for id, document in reversed(await LocalRunRows(old).all()):
        assert await LocalRunRows(old).load(id) == document
        await LocalRunRows(new).save(id, document)
