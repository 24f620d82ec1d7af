"""Liaisons with an error that the torture has to find."""

from collections.abc import Sequence
from dataclasses import replace
from importlib import import_module
from typing import Any

from adapters.results import NotApplied, WriteResult
from bot.engine.effect_outcomes import EffectServices, unknown_outcome
from bot.outbound.live_cards import LiveCards
from bot.services.outcome_recorder import OutcomeRecorder
from bot.services.run_changes import apply_result
from bot.storage.effects import Effect
from bot.storage.inbox import Inbox
from bot.storage.live_cards import LiveCard
from bot.storage.outbox import Delivery, insert_deliveries
from bot.storage.store import Commit
from commands.model.card import Result
from commands.model.outcomes import Outcome
from tests.e2e import faulty


def main_that_sends_again_without_looking() -> None:
    async def look(services: EffectServices, effect: Effect, **_: Any) -> Outcome:
        return unknown_outcome(effect, NotApplied())

    for module in ("effects", "reconciler"):
        vars(import_module(f"bot.engine.{module}"))["look"] = look
    faulty.main()


def main_that_commits_run_and_outcome_separately() -> None:
    async def record(self: OutcomeRecorder, effect: Effect, state: Any, outcome: Any, **_: Any) -> bool:
        is_news = await self._run_rows.transaction(
            lambda rows: self._effect_log.write_outcome(rows.connection, effect, state, outcome), Commit.OUTCOME
        )
        if isinstance(outcome, WriteResult) and effect.run:
            run = effect.run
            done = self._done_step(effect, outcome, None, self._now())
            await self._run_rows.transaction(lambda rows: apply_result(rows, run, done, renamed=""), Commit.RUN)
            self._effect_log.remember_receipt(effect)
        return is_news

    OutcomeRecorder.record = record  # type: ignore[method-assign]
    faulty.main()


def main_that_notes_a_card_before_it_is_drawn() -> None:
    edit = LiveCards._edit

    async def note_and_edit(self: LiveCards, card: LiveCard) -> None:
        _, shown, version = self._draw(card)
        noted = replace(card, shown=shown)
        if noted != card:
            self._rows.record_edit(noted, version, settled=True)
            await self._rows.save(noted)
        await edit(self, card)

    LiveCards._edit = note_and_edit  # type: ignore[method-assign]
    faulty.main()


def main_that_ends_a_message_before_its_answer_is_stored() -> None:
    async def mark_done(
        self: Inbox, key: str, result: Result, deliveries: Sequence[Delivery] = (), *, is_awaited: bool = False
    ) -> set[str]:
        await self._update(key, Commit.DONE, state="done", result=result)
        return await self._store.transaction(
            lambda connection: insert_deliveries(connection, deliveries), Commit.OUTBOX
        )

    Inbox.mark_done = mark_done  # type: ignore[method-assign]
    faulty.main()
