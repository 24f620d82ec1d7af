"""The effect log and the ledger: what was sent to a platform, and what came of it."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import Connection, Row, select, update
from sqlalchemy.dialects.sqlite import insert

from adapters import errors, writes
from adapters.errors import AdapterError
from adapters.writes import Baseline, Write, WriteMarker, WriteResult
from bot.storage.store import Store
from bot.storage.tables import effects, ledger
from commands.model.tracked_run import Receipt

State = Literal["sent", "unsent", "unknown", "done", "refused"]

_STORED_KINDS: Mapping[str, str] = {"PerformAction": "DoOffer"}
"""Class name -> the name its rows have carried since 0.1, where the class was renamed."""
_KINDS: Mapping[str, type[Write]] = {
    _STORED_KINDS.get(kind.__name__, kind.__name__): kind
    for kind in vars(writes).values()
    if isinstance(kind, type) and issubclass(kind, Write) and kind is not Write
}


def stored_kind(write: Write) -> str:
    name = type(write).__name__
    return _STORED_KINDS.get(name, name)


@dataclass(frozen=True)
class Effect:
    """One step of one message. ``outcome``: ``WriteResult`` when done, ``AdapterError`` when refused."""

    key: str
    step: Write
    run: str  # handle, empty when the run had none
    platform: str
    marker: WriteMarker
    baseline: Baseline
    state: State
    sends: int
    outcome: WriteResult | AdapterError | None = None


class EffectLog:
    def __init__(self, store: Store) -> None:
        self._store = store
        self._told: set[tuple[str, str]] = set()  # (run, task) that have receipts: most tasks have none yet

    async def load(self) -> None:
        async with self._store.read() as connection:
            rows = await connection.execute(select(ledger.c.run, ledger.c.task).distinct())
            self._told = {(f"R{row.run}", row.task) for row in rows}

    async def get(self, key: str, step: str) -> Effect | None:
        query = select(effects).where(effects.c.key == key, effects.c.step == step)
        async with self._store.read() as connection:
            row = (await connection.execute(query)).first()
        return None if row is None else _effect(row)

    async def of(self, key: str) -> Mapping[str, Effect]:
        """All steps of a message, by step."""
        async with self._store.read() as connection:
            rows = await connection.execute(select(effects).where(effects.c.key == key))
            return {row.step: _effect(row) for row in rows}

    async def unknown(self) -> Sequence[Effect]:
        async with self._store.read() as connection:
            rows = await connection.execute(select(effects).where(effects.c.state == "unknown"))
            return [_effect(row) for row in rows]

    async def sent(self, effect: Effect) -> None:
        """Durable before the request leaves. Sent again: counts up, and keeps what was known the first time."""
        values = {
            "key": effect.key,
            "step": effect.step.step_key,
            "run": int(effect.run[1:]) if effect.run else None,
            "platform": effect.platform,
            "kind": stored_kind(effect.step),
            "write": effect.step.model_dump_json(),
            "marker": effect.marker.model_dump_json(),
            "baseline": effect.baseline.model_dump_json(),
            "state": "sent",
            "outcome": None,
            "sends": effect.sends,
            "sent_at": effect.baseline.sent_at,
        }

        def change(connection: Connection) -> None:
            again = {name: values[name] for name in ("state", "outcome", "sends")}
            connection.execute(
                insert(effects).values(values).on_conflict_do_update(index_elements=["key", "step"], set_=again)
            )

        await self._store.write(change)

    async def outcome(self, effect: Effect, state: State, outcome: WriteResult | AdapterError | None) -> None:
        """With ``done``, the receipt goes into the ledger in the same transaction."""
        written = _outcome_json(outcome)
        if state == "done":
            self._told.add((effect.run, effect.step.target))

        def change(connection: Connection) -> None:
            connection.execute(
                update(effects)
                .where(effects.c.key == effect.key, effects.c.step == effect.step.step_key)
                .values(state=state, outcome=written)
            )
            if state == "done":
                connection.execute(insert(ledger).values(_receipt(effect, written)).on_conflict_do_nothing())

        await self._store.write(change)

    async def receipts(self, run: str, task: str) -> Sequence[Receipt]:
        """Newest first; all of the run's when ``task`` is empty."""
        if task and (run, task) not in self._told:
            return []
        query = select(ledger).where(ledger.c.run == int(run[1:])).order_by(ledger.c.seq.desc()).limit(50)
        if task:
            query = query.where(ledger.c.task == task)
        async with self._store.read() as connection:
            rows = (await connection.execute(query)).all()
        return [Receipt(code=r.code, op=r.op, run=f"R{r.run}", task=r.task, by=r.by, at=r.at) for r in rows]


def _receipt(effect: Effect, answer: str | None) -> dict[str, object]:
    return {
        "key": effect.key,
        "step": effect.step.step_key,
        "code": effect.marker.code,
        "op": effect.step.op.value,
        "run": int(effect.run[1:]) if effect.run else 0,
        "task": effect.step.target,
        "by": effect.marker.who,
        "at": effect.marker.at,
        "answer": answer or "",
    }


def _outcome_json(outcome: WriteResult | AdapterError | None) -> str | None:
    if outcome is None:
        return None
    if isinstance(outcome, WriteResult):
        return outcome.model_dump_json(exclude={"snapshot"}, exclude_defaults=True)
    facts = {name: str(fact) for name, fact in outcome.facts.items()}
    more = (
        {"retry_with": outcome.retry_with, "choices": outcome.choices, "reasons": outcome.reasons}
        if isinstance(outcome, errors.Rejected)
        else {}
    )
    return json.dumps(
        {"error": type(outcome).__name__, "key": outcome.key, "said": outcome.said, "facts": facts, **more}
    )


def _effect(row: Row[Any]) -> Effect:
    return Effect(
        key=row.key,
        step=_KINDS[row.kind].model_validate_json(row.write),
        run=f"R{row.run}" if row.run else "",
        platform=row.platform,
        marker=WriteMarker.model_validate_json(row.marker),
        baseline=Baseline.model_validate_json(row.baseline),
        state=row.state,
        sends=row.sends,
        outcome=_outcome_of(row.state, row.outcome),
    )


def _outcome_of(state: State, written: str | None) -> WriteResult | AdapterError | None:
    if written is None:
        return None
    if state == "done":
        return WriteResult.model_validate_json(written)
    told = json.loads(written)
    facts = told["facts"]
    where, what = facts.pop("platform", ""), facts.pop("operation", "")
    kind: type[AdapterError] = getattr(errors, told["error"], AdapterError)
    if issubclass(kind, errors.Rejected):
        facts |= {"retry_with": tuple(told["retry_with"]), "reasons": tuple(told["reasons"])}
        facts |= {"choices": told.get("choices")}
    if issubclass(kind, errors.RateLimited):
        kind = AdapterError
    return kind(where, what, key=told["key"], said=told["said"], **facts)
