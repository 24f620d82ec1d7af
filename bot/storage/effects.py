"""The effect log and the ledger: what was sent to a platform, and with what outcome."""

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from adapters import errors, writes
from adapters.deadline import Deadline, deadline_in
from adapters.errors import AdapterError
from adapters.results import Baseline, WriteResult
from adapters.writes import Write, WriteMarker
from bot.storage.sql import Connection, Row, insert_query, read_time
from bot.storage.store import Commit, Store, StoreError
from commands.model.tracked_run import Receipt

IN_FLIGHT_SECONDS = 20.0  # from the commit of a claim: then its request is over, or it never leaves
MARGIN_SECONDS = 5.0  # after which somebody else may claim the write

EffectState = Literal["sent", "unsent", "unknown", "done", "refused"]

_STORED_KINDS: Mapping[str, str] = {"PerformAction": "DoOffer"}
"""Class name -> the name its rows have had since 0.1, for classes that were renamed."""
_WRITE_TYPES: Mapping[str, type[Write]] = {
    _STORED_KINDS.get(write_type.__name__, write_type.__name__): write_type
    for write_type in vars(writes).values()
    if isinstance(write_type, type) and issubclass(write_type, Write) and write_type is not Write
}


def stored_kind(write: Write) -> str:
    name = type(write).__name__
    return _STORED_KINDS.get(name, name)


@dataclass(frozen=True)
class Effect:
    """One step of one message. ``outcome`` is a ``WriteResult`` when done, an ``AdapterError`` when refused or not
    sent. ``attempt`` counts the claims of its row, by any process."""

    key: str
    step: Write
    run: str  # handle, empty when the write belongs to no run
    platform: str
    marker: WriteMarker
    baseline: Baseline
    state: EffectState
    sends: int
    outcome: WriteResult | AdapterError | None = None
    attempt: int = 1

    @property
    def id(self) -> tuple[str, str]:
        return (self.key, self.step.step_key)


class UnreadableEffect(StoreError):
    """The log has an effect of this message that cannot be read, so nothing more of it may be sent."""


class NotClaimed(StoreError):
    """Another process has this write: nothing may be sent. ``wait``: the seconds until its request is over, if
    only that is in the way."""

    def __init__(self, wait: float = 0.0) -> None:
        super().__init__("another process has this write")
        self.wait = wait


class EffectLog:
    """A write belongs to the replica that has claimed it until its request is over. If nobody else uses the
    database, nothing has an owner."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._owner = store.replica
        # Run -> its tasks with receipts, of the runs asked about last. Most tasks have none.
        self._with_receipts: dict[str, set[str]] = {}

    async def reload(self, receipts: Collection[str] | None) -> None:
        """Other replicas have done something, and these receipts prove it, or any."""
        if receipts is None:
            self._with_receipts.clear()
        for run, task in map(json.loads, receipts or ()):
            if run in self._with_receipts:
                self._with_receipts[run].add(task)

    async def get(self, key: str, step_key: str) -> Effect | None:
        query = "select * from effects where key = :key and step = :step"
        found = self._parse(await self._store.rows(query, key=key, step=step_key))
        return found[0] if found else None

    async def for_message(self, key: str) -> Mapping[str, Effect]:
        """All effects of a message, by step key. Raises ``UnreadableEffect``."""
        rows = await self._store.rows("select * from effects where key = :key", key=key)
        found = self._parse(rows)
        if len(found) < len(rows):
            raise UnreadableEffect(f"an effect of {key} cannot be read")
        return {effect.step.step_key: effect for effect in found}

    async def of_run(self, run: str, since: datetime) -> Sequence[Effect]:
        """What was, or may have been, written since then, newest first."""
        return self._parse(await self._store.rows(_OF_RUN, run=int(run[1:]), since=since))

    async def awaited(self, run: str, key: str) -> Sequence[Effect]:
        """Writes to the run whose outcome other messages than ``key`` still wait for."""
        return self._parse(await self._store.rows(_AWAITED, run=int(run[1:]), key=key))

    async def list_open(self) -> Sequence[Effect]:
        """What was sent and has no outcome yet, whether or not it was noted as unknown."""
        return self._parse(await self._store.rows("select * from effects where state in ('sent', 'unknown')"))

    async def list_left(self) -> Sequence[Effect]:
        """Those of ``list_open`` whose message nobody works on any more."""
        return self._parse(await self._store.rows(_LEFT))

    async def count_unknown(self, sent_before: datetime) -> Mapping[str, int]:
        """Writes whose outcome is unknown, by platform, with those sent before that and never noted as unknown."""
        rows = await self._store.rows(_COUNT_UNKNOWN, sent_before=sent_before)
        return {row["platform"]: row["count"] for row in rows}

    async def read_all(self) -> None:
        """Parses every row, so that the store knows those that cannot be read."""
        self._parse(await self._store.rows("select * from effects"))
        rows = await self._store.rows("select * from ledger")
        self._store.parse_rows("ledger", rows, _load_receipt, key=["key", "step"])

    def _parse(self, rows: Sequence[Row]) -> list[Effect]:
        return self._store.parse_rows("effects", rows, _effect, key=["key", "step"])

    def new_deadline(self) -> Deadline | None:
        """For the request of a claim that is made after this call."""
        return None if self._owner is None else deadline_in(IN_FLIGHT_SECONDS)

    async def find_known(self, effect: Effect) -> Effect | None:
        """The effect with an outcome that another replica has learned meanwhile."""
        if self._owner is None:
            return None
        found = await self.get(*effect.id)
        return found if found is not None and found.state in _KNOWN else None

    async def record_sent(
        self,
        effect: Effect,
        require: Callable[[Connection], None] = lambda _: None,
        *,
        is_valid: Callable[[Connection], bool] = lambda _: True,
        after_refusal: bool = False,
    ) -> bool:
        """Claims the write: durable when it returns, so call it before the request goes out.

        ``require`` may raise. False if it is not ``is_valid``. ``after_refusal``: a refusal is known, and it is
        sent nevertheless.

        Raises ``NotClaimed`` if there is a newer attempt, or if the request of another process may be under way.
        Sending again updates the count and keeps the first baseline.
        """
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
            "attempt": effect.attempt,
            "owner": self._owner,
            "after_refusal": after_refusal,
        }

        def change(connection: Connection) -> float | bool:
            """Or the seconds until it can be claimed: 0 for never."""
            require(connection)
            if not is_valid(connection):
                return False
            now = None if self._owner is None else connection.now()
            until = None if now is None else now + timedelta(seconds=IN_FLIGHT_SECONDS)
            over = None if now is None else now - timedelta(seconds=MARGIN_SECONDS)
            if connection.execute(_RECORD_SENT, **values, in_flight_until=until, over=over):
                return True
            row = connection.row(_ATTEMPT, key=effect.key, step=effect.step.step_key)
            if row is None or over is None or row["attempt"] >= effect.attempt or row["state"] in _KNOWN:
                return 0.0
            in_flight_until = read_time(row["in_flight_until"])
            return max(0.1, (in_flight_until - over).total_seconds()) if in_flight_until else 0.0

        claimed = await self._store.transaction(change, Commit.SENT)
        if not isinstance(claimed, bool):
            raise NotClaimed(claimed)
        return claimed

    async def record_state(
        self,
        effect: Effect,
        state: Literal["unsent", "unknown"],
        reason: AdapterError | None = None,
        require: Callable[[Connection], None] = lambda _: None,
    ) -> None:
        """``reason``: why it was not sent. ``require`` may raise."""

        def change(connection: Connection) -> None:
            require(connection)
            self.write_outcome(connection, effect, state, reason)

        await self._store.transaction(change, Commit.OUTCOME)

    def write_outcome(
        self,
        connection: Connection,
        effect: Effect,
        state: EffectState,
        outcome: WriteResult | AdapterError | None,
    ) -> bool:
        """Part of a transaction. False, with nothing changed, if the log knows better: a success is a fact,
        whoever learns of it, but whatever else happened to an older attempt says nothing about a newer one.

        A ``done`` effect also gets its receipt, unless somebody else had done it before: a receipt says who did
        it. Call ``remember_receipt`` once it is committed."""
        dumped, query = _dump_outcome(outcome), _SET_DONE if state == "done" else _SET_STATE
        values = {"key": effect.key, "step": effect.step.step_key, "attempt": effect.attempt, "owner": self._owner}
        if not connection.execute(query, **values, state=state, outcome=dumped):
            return False
        if state == "done" and not (isinstance(outcome, WriteResult) and outcome.already):
            connection.execute(_INSERT_RECEIPT, **_receipt(effect, dumped))
            connection.changed("receipts", json.dumps([effect.run, effect.step.target]))
        return True

    def remember_receipt(self, effect: Effect) -> None:
        if effect.run in self._with_receipts:
            self._with_receipts[effect.run].add(effect.step.target)

    async def receipts(self, run: str, task: str) -> Sequence[Receipt]:
        """The last 50, newest first. An empty ``task`` means the whole run."""
        if task and task not in await self._tasks_with_receipts(run):
            return []
        query = _RECEIPTS_OF_TASK if task else _RECEIPTS_OF_RUN
        rows = await self._store.rows(query, run=int(run[1:]), **({"task": task} if task else {}))
        return self._store.parse_rows("ledger", rows, _load_receipt, key=["key", "step"])

    async def _tasks_with_receipts(self, run: str) -> set[str]:
        known = self._with_receipts.get(run)
        if known is None:
            if len(self._with_receipts) >= _MOST_RUNS:
                self._with_receipts.clear()
            known = self._with_receipts[run] = set()  # a receipt that is stored meanwhile is added to it
            known.update(row["task"] for row in await self._store.rows(_TASKS_WITH_RECEIPTS, run=int(run[1:])))
        return known


_MOST_RUNS = 2000
_TASKS_WITH_RECEIPTS = "select distinct task from ledger where run = :run"
_COLUMNS = (
    *("key", "step", "run", "platform", "kind", "write", "marker", "baseline"),
    *("state", "outcome", "sends", "sent_at", "attempt", "owner", "in_flight_until"),
)
_CLAIMED = ", ".join(
    f"{column} = excluded.{column}"
    for column in ("state", "outcome", "sends", "attempt", "owner", "in_flight_until")
)
_KNOWN = ("done", "refused")
_RECORD_SENT = f"""{insert_query("effects", _COLUMNS)}
on conflict (key, step) do update set {_CLAIMED}
where effects.attempt < excluded.attempt
and (effects.state not in ('done', 'refused') or (effects.state = 'refused' and :after_refusal))
and (effects.in_flight_until is null or effects.in_flight_until < :over)"""
_ATTEMPT = "select state, attempt, in_flight_until from effects where key = :key and step = :step"
# The end of a request is known to who has sent it, and to nobody else.
_SET = """
update effects set state = :state, outcome = :outcome,
in_flight_until = case when owner = :owner then null else in_flight_until end
where key = :key and step = :step and"""
_SET_DONE = f"{_SET} state != 'done'"
_SET_STATE = f"{_SET} attempt = :attempt and state not in ('done', 'refused')"
_COUNT_UNKNOWN = """
select platform, count(*) as count from effects
where state = 'unknown' or (state = 'sent' and sent_at < :sent_before) group by platform"""
_OF_RUN = """
select * from effects where run = :run and sent_at >= :since and state != 'refused' order by sent_at desc"""
_AWAITED = """
select effects.* from effects join inbox on inbox.key = effects.key
where effects.run = :run and effects.key != :key and effects.state in ('sent', 'unknown')
and inbox.state = 'placed' order by effects.sent_at"""
_LEFT = """
select effects.* from effects left join inbox on inbox.key = effects.key
where effects.state in ('sent', 'unknown') and (inbox.key is null or inbox.state = 'done')"""
_RECEIPT_COLUMNS = ("key", "step", "code", "op", "run", "task", "by", "at", "answer")
_INSERT_RECEIPT = f"{insert_query('ledger', _RECEIPT_COLUMNS)} on conflict do nothing"
_RECEIPTS_OF_RUN = "select * from ledger where run = :run order by seq desc limit 50"
_RECEIPTS_OF_TASK = "select * from ledger where run = :run and task = :task order by seq desc limit 50"


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


def _load_receipt(row: Row) -> Receipt:
    return Receipt(
        code=row["code"],
        key=row["key"],
        op=row["op"],
        run=f"R{row['run']}",
        task=row["task"],
        by=row["by"],
        at=read_time(row["at"]),
    )


def _effect(row: Row) -> Effect:
    return Effect(
        key=row["key"],
        step=_WRITE_TYPES[row["kind"]].model_validate_json(row["write"]),
        run=f"R{row['run']}" if row["run"] else "",
        platform=row["platform"],
        marker=WriteMarker.model_validate_json(row["marker"]),
        baseline=Baseline.model_validate_json(row["baseline"]),
        state=row["state"],
        sends=row["sends"],
        outcome=_load_outcome(row["state"], row["outcome"]),
        attempt=row["attempt"],
    )


def _dump_outcome(outcome: WriteResult | AdapterError | None) -> str | None:
    if outcome is None:
        return None
    if isinstance(outcome, WriteResult):
        return outcome.model_dump_json(exclude={"snapshot"}, exclude_defaults=True)
    facts = {name: _dump_fact(fact) for name, fact in outcome.facts.items()}
    dump: dict[str, object] = {
        "error": type(outcome).__name__,
        "key": outcome.key,
        "said": outcome.said,
        "facts": facts,
    }
    if isinstance(outcome, errors.Rejected):
        dump |= {"retry_with": outcome.retry_with, "choices": outcome.choices, "reasons": outcome.reasons}
        dump |= {"assign_first": True} if outcome.assign_first else {}
    if isinstance(outcome, errors.Conflict):
        flags = {"already": outcome.already, "for_good": not outcome.may_pass}
        dump |= {name: True for name, is_set in flags.items() if is_set}
    return json.dumps(dump)


def _dump_fact(fact: object) -> object:
    """A time keeps its type, because a message shows it as a clock in the reader's time zone."""
    if isinstance(fact, datetime):
        return {"time": fact.isoformat()}
    if isinstance(fact, list | tuple):
        return [str(part) for part in fact]
    return fact if fact is None or isinstance(fact, str | int) else str(fact)


def _load_fact(dumped: Any) -> object:
    return datetime.fromisoformat(dumped["time"]) if isinstance(dumped, dict) else dumped


def _load_outcome(state: EffectState, dumped: str | None) -> WriteResult | AdapterError | None:
    if dumped is None:
        return None
    if state == "done":
        return WriteResult.model_validate_json(dumped)
    data = json.loads(dumped)
    facts: dict[str, Any] = {name: _load_fact(fact) for name, fact in data["facts"].items()}
    platform, operation = str(facts.pop("platform", "")), str(facts.pop("operation", ""))
    error_type: type[AdapterError] = getattr(errors, data["error"], AdapterError)
    if issubclass(error_type, errors.Rejected):
        facts |= {"retry_with": tuple(data["retry_with"]), "reasons": tuple(data["reasons"])}
        facts |= {"choices": data.get("choices"), "assign_first": data.get("assign_first", False)}
    if issubclass(error_type, errors.Conflict):
        facts |= {"already": data.get("already", False), "for_good": data.get("for_good", False)}
    if issubclass(error_type, errors.RateLimited):  # it needs ``retry_after``, which means nothing any more
        error_type = AdapterError
    return error_type(platform, operation, key=data["key"], said=data["said"], **facts)
