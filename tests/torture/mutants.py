"""Liaisons with an error that the torture has to find."""

from importlib import import_module
from typing import Any

from adapters.results import NotApplied, WriteResult
from bot.engine.effect_outcomes import EffectServices, unknown_outcome
from bot.services.outcome_recorder import OutcomeRecorder
from bot.services.run_changes import apply_result
from bot.storage.effects import Effect
from bot.storage.store import Commit
from commands.model.outcomes import Outcome
from tests.e2e import faulty


def main_that_sends_again_without_looking() -> None:
    async def look(services: EffectServices, effect: Effect, **_: Any) -> Outcome:
        return unknown_outcome(effect, NotApplied())

    for module in ("effects", "reconciler"):
        vars(import_module(f"bot.engine.{module}"))["look"] = look
    faulty.main()


def main_that_commits_run_and_outcome_separately() -> None:
    async def record(self: OutcomeRecorder, effect: Effect, state: Any, outcome: Any, **_: Any) -> None:
        await self._run_rows.transaction(
            lambda rows: self._effect_log.write_outcome(rows.connection, effect, state, outcome), Commit.OUTCOME
        )
        if isinstance(outcome, WriteResult) and effect.run:
            run = effect.run
            done = self._done_step(effect, outcome, None, self._now())
            await self._run_rows.transaction(lambda rows: apply_result(rows, run, done, renamed=""), Commit.RUN)
            self._effect_log.remember_receipt(effect)

    OutcomeRecorder.record = record  # type: ignore[method-assign]
    faulty.main()
