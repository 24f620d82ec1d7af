"""The effect log gives back what a write was refused with, also after a restart."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from adapters.errors import AdapterError, Conflict, NotFound, Rejected
from adapters.models import RunKey
from adapters.results import Baseline
from adapters.writes import FinishTask, WriteMarker
from bot.storage.effects import Effect, EffectLog
from bot.storage.store import Commit, Store

AT = datetime(2026, 9, 4, 14, 32, tzinfo=UTC)
REFUSALS: dict[str, Callable[[], AdapterError]] = {
    "useless to repeat": lambda: Conflict("p", "finish", key="changed.over", for_good=True, by="Ana", at=AT),
    "may pass": lambda: Conflict("p", "finish", key="changed.conflict", by="", at=None),
    "already": lambda: Conflict("p", "finish", already=True),
    "not found": lambda: NotFound("p", "finish", count=3, people=("Ana", "Ben")),
    "assign first": lambda: Rejected("p", "finish", assign_first=True),
    "refused with choices": lambda: Rejected(
        "p", "finish", said="late", retry_with=("level=error",), choices={"then": ("7",)}, reasons=("a", "b")
    ),
}


@pytest.mark.parametrize("name", REFUSALS)
async def test_a_refusal_is_the_same_after_a_restart(database_url: str, name: str) -> None:
    refusal = REFUSALS[name]()
    store = Store(database_url)
    await store.open()
    effect = Effect(
        key="K1",
        step=FinishTask(run=RunKey(platform="p", id="1"), task="2"),
        run="R1",
        platform="p",
        marker=WriteMarker(code="7K2F", who="Ana", at=AT),
        baseline=Baseline(sent_at=AT),
        state="sent",
        sends=1,
    )
    log = EffectLog(store)
    await log.record_sent(effect)
    await store.transaction(
        lambda connection: log.write_outcome(connection, effect, "refused", refusal), Commit.OUTCOME
    )
    stored = await EffectLog(store).get(*effect.id)
    await store.close()
    assert stored is not None
    assert isinstance(stored.outcome, AdapterError)
    assert _said(stored.outcome) == _said(refusal)


def _said(error: AdapterError) -> dict[str, object]:
    """Everything but the traceback; a list and a tuple are shown alike."""
    facts = {name: tuple(fact) if isinstance(fact, list) else fact for name, fact in error.facts.items()}
    more = {name: tuple(value) if isinstance(value, list) else value for name, value in vars(error).items()}
    choices = {name: tuple(options) for name, options in getattr(error, "choices", {}).items()}
    return {"type": type(error), **more, "facts": facts, "choices": choices}
