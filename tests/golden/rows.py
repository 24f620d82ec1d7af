"""Copies every table of one store to another with the classes that own the tables.

``recorded`` holds the rows under the column names of version 0.1. They provide values that a class takes but does
not return, such as a key or a queue position.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any

from adapters.results import WriteResult
from bot.storage.activity import ActivityRows
from bot.storage.effects import Effect, EffectLog
from bot.storage.inbox import Inbox, UnfinishedMessage
from bot.storage.live_cards import LiveCardRows
from bot.storage.local_runs import LocalRunRows
from bot.storage.people import PeopleRows
from bot.storage.run_transaction import RunTransaction
from bot.storage.runs import RunRows
from bot.storage.scheduled import ScheduledRows
from bot.storage.sql import Connection
from bot.storage.store import Commit, Store
from bot.storage.surface_state import SurfaceStateRows
from commands.model.messages import Actor, Place
from commands.model.tracked_run import TrackedRun

RowsByTable = Mapping[str, Sequence[Mapping[str, Any]]]
AT = datetime(2026, 11, 30, 12, 3, 30, 26234, tzinfo=UTC)


def now() -> datetime:
    return AT


async def copy_tables(old: Store, new: Store, recorded: RowsByTable) -> None:
    await _inbox(old, new, recorded)
    await _runs(old, new, recorded)
    await _effects(old, new, recorded)
    await _live_cards(LiveCardRows(old), LiveCardRows(new), recorded)
    await _activity(ActivityRows(old), ActivityRows(new), recorded)
    await _other_tables(old, new, recorded)


async def _reopen(store: Store, key: str) -> UnfinishedMessage | None:
    return await store.transaction(lambda connection: Inbox(store).reopen(connection, key, None), Commit.OUTCOME)


async def _inbox(old_store: Store, new_store: Store, recorded: RowsByTable) -> None:
    old, new = Inbox(old_store), Inbox(new_store)
    routes = {unfinished.message.key: unfinished.route for unfinished in await old.unfinished()}
    for row in recorded["inbox"]:
        key = row["key"]
        stored = await old.get(key)
        assert stored is not None
        answer = await old.record(stored.message, b"")
        assert answer is not None
        if stored.result is not None and (reopened := await _reopen(old_store, key)):
            routes[key] = reopened.route
        await new.record(stored.message, answer)
        if (route := routes.get(key)) is not None:
            await new.save_route(key, stored.intent or "", route, row["joined"])
        elif stored.intent is not None:
            await new.save_intent(key, stored.intent)
        if row["stopped"]:
            await new.mark_stopped(key)
        if stored.result is not None:
            await new.mark_done(key, stored.result)
        if row["state"] == "again":
            await new.mark_done(key, "done")
            await _reopen(new_store, key)
    for row in recorded["choices"]:
        taken = await old.take_choice(row["key"], Actor(surface="slack", id="U0BEN"), "another", now())
        assert taken is not None
        by, at = taken
        assert await new.take_choice(row["key"], by, row["message"], at) is None


async def _runs(old_store: Store, new_store: Store, recorded: RowsByTable) -> None:
    old, new = RunRows(old_store, now), RunRows(new_store, now)
    await old.load()
    for row in recorded["runs"]:
        stored = await old.read(f"R{row['number']}")
        assert stored is not None
        await new.transaction(partial(_copy_run, stored, row["start_key"]), Commit.RUN)
        for bound in [bound for bound in recorded["bindings"] if f"R{bound['run']}" == stored.handle]:
            surface, workspace, channel = bound["place"].split("/")
            thread = bound["thread"]
            place = Place(surface=surface, workspace=workspace, channel=channel, thread=thread)
            await new.bind(stored.handle, place)
    for row in recorded["touched"]:
        surface, workspace, id = row["actor"].split("/")
        actor = Actor(surface=surface, workspace=workspace, id=id)
        last_used = await old.last_used(actor)
        assert last_used is not None
        await new.mark_used(actor, last_used.handle)


def _copy_run(stored: TrackedRun, start_key: str | None, rows: RunTransaction) -> None:
    started = start_key is None
    inserted = rows.insert(stored.run, start_key=start_key, started=started)
    rows.change(inserted.handle, lambda _: stored)


async def _effects(old_store: Store, new_store: Store, recorded: RowsByTable) -> None:
    old, new = EffectLog(old_store), EffectLog(new_store)
    for row in recorded["effects"]:
        effect = await old.get(row["key"], row["step"])
        assert effect is not None
        await new.record_sent(effect)
        if effect.state != "sent":
            await new_store.transaction(partial(_copy_outcome, new, effect), Commit.OUTCOME)
    unknown = {effect.id for effect in await old.list_open() if effect.state == "unknown"}
    assert unknown == {(row["key"], row["step"]) for row in recorded["effects"] if row["state"] == "unknown"}
    for row in recorded["ledger"]:
        receipts = await old.receipts(f"R{row['run']}", row["task"])
        assert row["code"] in [receipt.code for receipt in receipts]


def _copy_outcome(log: EffectLog, effect: Effect, connection: Connection) -> None:
    """Version 0.1 also wrote a receipt for what had been done before."""
    if isinstance(effect.outcome, WriteResult):
        log.write_outcome(connection, effect, effect.state, effect.outcome.model_copy(update={"already": False}))
        reset = "update effects set state = 'sent' where key = :key and step = :step"  # else, it is known
        connection.execute(reset, key=effect.key, step=effect.step.step_key)
    log.write_outcome(connection, effect, effect.state, effect.outcome)


async def _live_cards(old: LiveCardRows, new: LiveCardRows, recorded: RowsByTable) -> None:
    for handle in dict.fromkeys(f"R{row['run']}" for row in recorded["cards"]):
        for card in await old.of_run(handle):
            await new.save(card)


async def _activity(old: ActivityRows, new: ActivityRows, recorded: RowsByTable) -> None:
    for nonce in [row["nonce"] for row in recorded["trace_posts"]]:
        for number, line in enumerate(await old.lines_in_post(nonce)):
            post = await old.find_post(line.slot)
            assert post is not None
            await new.add_line(post, number, line)
            await new.mark_shown(post, [line])


async def _other_tables(old: Store, new: Store, recorded: RowsByTable) -> None:
    async for slot, (when, message) in ScheduledRows(old).all():
        await ScheduledRows(new).put(slot, when, message)
    for actor, at in await PeopleRows(old).load():
        await PeopleRows(new).put([actor], at)
    for row in recorded["notes"]:
        value = await SurfaceStateRows(old, "").get(row["name"])
        assert value is not None
        await SurfaceStateRows(new, "").put(row["name"], value)
    for id, document in reversed(await LocalRunRows(old).all()):
        assert await LocalRunRows(old).load(id) == document
        assert await LocalRunRows(new).save(id, document, over=False, replaces=None)
