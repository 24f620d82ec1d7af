"""Commits what became of a write, with everything that follows from it.

The outcome, its receipt, the run it changes, and the message that goes on because of it are one transaction:
after a kill, either all of it is stored, or the platform is checked again.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from adapters.errors import AdapterError
from adapters.protocol import Adapter
from adapters.results import WriteResult
from bot.services.run_changes import apply_result
from bot.services.run_service import RunService
from bot.storage.effects import Effect, EffectLog, EffectState
from bot.storage.inbox import Inbox, UnfinishedMessage
from bot.storage.run_transaction import RunTransaction
from bot.storage.runs import RunRows
from bot.storage.store import Commit
from commands.model.messages import Actor
from commands.model.overlay_changes import DoneStep
from commands.text.catalogue import plain_text, translate


@dataclass
class Reopening:
    """For an outcome that becomes known after its message was answered: the message goes on.

    ``requested_at``: when a person's decision led to it. ``message``: what the commit reopened, if anything.
    """

    requested_at: datetime | None = None
    message: UnfinishedMessage | None = None


class OutcomeRecorder:
    def __init__(
        self,
        run_rows: RunRows,
        effect_log: EffectLog,
        inbox: Inbox,
        runs: RunService,
        platforms: Mapping[str, Adapter],
        now: Callable[[], datetime],
        *,
        cached_profile: Callable[[Actor], Actor],
    ) -> None:
        self._run_rows = run_rows
        self._effect_log = effect_log
        self._inbox = inbox
        self._runs = runs
        self._platforms = platforms
        self._now = now
        self._cached_profile = cached_profile

    async def record(
        self,
        effect: Effect,
        state: EffectState,
        outcome: WriteResult | AdapterError | None,
        *,
        reopening: Reopening | None = None,
    ) -> bool:
        """False if the log knows better, from another replica. Raises ``StoreError`` if nothing was committed."""
        now = self._now()
        renamed = plain_text(translate("run.is_now", run=effect.run))

        def change(rows: RunTransaction) -> tuple[bool, UnfinishedMessage | None]:
            if not self._effect_log.write_outcome(rows.connection, effect, state, outcome):
                return False, None
            if isinstance(outcome, WriteResult) and effect.run:
                sender = self._inbox.sender(rows.connection, effect.key)
                done = self._done_step(effect, outcome, sender, now)
                apply_result(rows, effect.run, done, renamed=renamed)
            if reopening is None:
                return True, None
            return True, self._inbox.reopen(rows.connection, effect.key, reopening.requested_at)

        is_news, reopened = await self._run_rows.transaction(change, Commit.OUTCOME)
        if reopening is not None:
            reopening.message = reopened
        if is_news and isinstance(outcome, WriteResult):
            self._effect_log.remember_receipt(effect)
            self._runs.refresh_after(effect.run, outcome)
        return is_news

    def _done_step(self, effect: Effect, result: WriteResult, sender: Actor | None, now: datetime) -> DoneStep:
        adapter = self._platforms.get(effect.platform)
        return DoneStep(
            step=effect.step,
            result=result,
            by=self._cached_profile(sender) if sender is not None else None,
            capability=adapter.capabilities.get(effect.step.op) if adapter is not None else None,
            typed_at=effect.marker.at,
            sent_at=effect.baseline.sent_at,
            now=now,
        )
