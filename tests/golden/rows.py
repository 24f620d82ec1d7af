"""Copies every table of one store to another with the classes that own the tables.

``recorded`` holds the rows under the column names of version 0.1. They provide values that a class takes but does
not return, such as a key or a queue position.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from bot.storage.activity import ActivityRows
from bot.storage.effects import EffectLog
from bot.storage.inbox import Inbox
from bot.storage.live_cards import LiveCardRows
from bot.storage.local_runs import LocalRunRows
from bot.storage.people import PeopleRows
from bot.storage.runs import RunRows
from bot.storage.scheduled import ScheduledRows
from bot.storage.store import Store
from bot.storage.surface_state import SurfaceStateRows
from commands.model.messages import Actor, Place

RowsByTable = Mapping[str, Sequence[Mapping[str, Any]]]
AT = datetime(2026, 11, 30, 12, 3, 30, 26234, tzinfo=UTC)


def now() -> datetime:
    return AT


async def copy_tables(old: Store, new: Store, recorded: RowsByTable) -> None:
    await _inbox(Inbox(old), Inbox(new), recorded)
    await _runs(old, new, recorded)
    await _effects(EffectLog(old), EffectLog(new), recorded)
    await _live_cards(LiveCardRows(old), LiveCardRows(new))
    await _activity(ActivityRows(old), ActivityRows(new), recorded)
    await _other_tables(old, new, recorded)


async def _inbox(old: Inbox, new: Inbox, recorded: RowsByTable) -> None:
    routes = {unfinished.message.key: unfinished.route for unfinished in await old.unfinished()}
    for row in recorded["inbox"]:
        key = row["key"]
        stored = await old.get(key)
        assert stored is not None
        answer = await old.record(stored.message, b"")
        assert answer is not None
        if stored.result is not None and (reopened := await old.reopen(key)):
            routes[key] = reopened.route
        await new.record(stored.message, answer)
        if (route := routes.get(key)) is not None:
            new.save_route(key, stored.intent or "", route, row["joined"])
        elif stored.intent is not None:
            new.save_intent(key, stored.intent)
        if row["stopped"]:
            await new.mark_stopped(key)
        if stored.result is not None:
            await new.mark_done(key, stored.result)
        if row["state"] == "again":
            await new.mark_done(key, "done")
            await new.reopen(key)
    for row in recorded["choices"]:
        taken = await old.take_choice(row["key"], Actor(surface="slack", id="U0BEN"), "another", now())
        assert taken is not None
        by, at = taken
        assert await new.take_choice(row["key"], by, row["message"], at) is None


async def _runs(old_store: Store, new_store: Store, recorded: RowsByTable) -> None:
    old, new = RunRows(old_store, now), RunRows(new_store, now)
    await old.load()
    for row in recorded["runs"]:
        tracked = old.get(f"R{row['number']}")
        assert tracked is not None
        created = await (
            new.reserve_handle(tracked.run, row["start_key"]) if row["start_key"] else new.track(tracked.run)
        )
        new.save(created.model_copy(update=dict(tracked)))
        for key, thread in old.places(tracked.handle):
            surface, workspace, channel = key.split("/")
            place = Place(surface=surface, workspace=workspace, channel=channel, thread=thread)
            await new.bind(tracked.handle, place)
    for row in recorded["touched"]:
        surface, workspace, id = row["actor"].split("/")
        actor = Actor(surface=surface, workspace=workspace, id=id)
        last_used = old.last_used(actor)
        assert last_used is not None
        new.mark_used(actor, last_used.handle)


async def _effects(old: EffectLog, new: EffectLog, recorded: RowsByTable) -> None:
    await old.load()
    for row in recorded["effects"]:
        effect = await old.get(row["key"], row["step"])
        assert effect is not None
        await new.record_sent(effect)
        if effect.state != "sent":
            await new.record_outcome(effect, effect.state, effect.outcome)
    unknown = {(effect.key, effect.step.step_key) for effect in await old.list_unknown()}
    assert unknown == {(row["key"], row["step"]) for row in recorded["effects"] if row["state"] == "unknown"}
    for row in recorded["ledger"]:
        receipts = await old.receipts(f"R{row['run']}", row["task"])
        assert row["code"] in [receipt.code for receipt in receipts]


async def _live_cards(old: LiveCardRows, new: LiveCardRows) -> None:
    for card in await old.all():
        await new.save(card)


async def _activity(old: ActivityRows, new: ActivityRows, recorded: RowsByTable) -> None:
    for nonce in [row["nonce"] for row in recorded["trace_posts"]]:
        for number, line in enumerate(await old.lines_in_post(nonce)):
            new.put_line(line, nonce, number)
            post = await old.find_post(line.slot)
            assert post is not None
            await new.save_post(post)
    assert set(await new.slots()) == set(await old.slots())


async def _other_tables(old: Store, new: Store, recorded: RowsByTable) -> None:
    for slot, (due_at, message) in (await ScheduledRows(old).all()).items():
        await ScheduledRows(new).put(slot, due_at, message)
    for actor, _ in await PeopleRows(old, now).load():
        PeopleRows(new, now).put(actor)
    for row in recorded["notes"]:
        value = await SurfaceStateRows(old, "").get(row["name"])
        assert value is not None
        await SurfaceStateRows(new, "").put(row["name"], value)
    for id, document in reversed(await LocalRunRows(old).all()):
        assert await LocalRunRows(old).load(id) == document
        await LocalRunRows(new).save(id, document)
