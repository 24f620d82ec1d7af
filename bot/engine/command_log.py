"""One log line per command, from which it can be told who did what: verb, run, tasks, person, place, receipts.

What people write (notes, reasons, comments, titles of new tasks) is left out: they paste secrets.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import structlog

from adapters.writes import Write
from bot.engine.effects import Effects
from bot.storage.effects import Effect
from commands.model.card import Result
from commands.model.messages import Message
from commands.model.outcomes import Done, Outcome, Refused
from commands.model.tracked_run import TrackedRun

DETAILS: Mapping[str, str] = {
    "runbook": "runbook",
    "platform": "platform",
    "owner": "owner",
    "person": "to",
    "health": "health",
    "next": "next_update",
    "offer": "action",
    "what": "about",
    "there": "applied",
}
"""What an intent is about besides its run and tasks: its stored name -> its name in the log."""
LONGEST_DETAIL = 60

log = structlog.get_logger(__name__)


@dataclass
class CommandFacts:
    """``receipts``: "K7Q2 finish T1 done", for each step that was sent, also before a restart. ``answers``: the
    message of the question that a click answered."""

    verb: str = ""
    run: str = ""
    tasks: str = ""
    details: dict[str, str] = field(default_factory=dict)
    answers: str = ""
    receipts: list[str] = field(default_factory=list)

    def add_intent(self, intent: Mapping[str, Any], queue: str = "") -> None:
        """``queue``: the run that it was routed to."""
        self.verb = str(intent.get("verb") or "")
        self.run = queue or str(intent.get("run") or "")
        tasks = intent.get("tasks") or intent.get("task") or ()
        self.tasks = _short(", ".join([tasks] if isinstance(tasks, str) else map(str, tasks)))
        found = {logged: intent.get(name) for name, logged in DETAILS.items()}
        if not intent.get("kind"):
            found.pop("about")  # words that are no command: anything that somebody typed or pasted
        self.details = {logged: _short(str(value)) for logged, value in found.items() if value not in ("", None)}
        self.answers = str(intent.get("key") or "")

    def add_outcome(self, code: str, outcome: Outcome, run: TrackedRun | None) -> None:
        step = outcome.step
        task = (run.task_handle(step.target) if run else "") or step.target
        words = [code, step.op.value, task, step.part, _ending(outcome)]
        self.receipts.append(" ".join(filter(None, words)))


class LoggedEffects(Effects):
    """Notes the outcome of each step in ``facts``."""

    facts: CommandFacts

    async def execute(
        self, step: Write, run: TrackedRun | None, *, check: Callable[[], None] | None = None
    ) -> Outcome:
        outcome = await super().execute(step, run, check=check)
        self.facts.add_outcome(self.marker(step).code, outcome, run)
        return outcome


def log_command(message: Message, facts: CommandFacts, result: Result) -> None:
    actor = message.actor
    log.info(
        "command",
        delivery=message.key,
        verb=facts.verb or None,
        run=facts.run or None,
        tasks=facts.tasks or None,
        **facts.details,
        answers=facts.answers or None,
        person=actor.id,
        name=actor.name or actor.handle or None,
        place=message.place.key,
        thread=message.place.thread or None,
        via=message.via.value,
        at=message.at.isoformat(timespec="seconds"),
        receipts=", ".join(facts.receipts) or None,
        result=result,
    )


def log_late_outcome(effect: Effect, outcome: Outcome) -> None:
    """An outcome that became known after its message was answered."""
    facts = CommandFacts()
    facts.add_outcome(effect.marker.code, outcome, None)
    log.info("late outcome", delivery=effect.key, run=effect.run or None, receipts=facts.receipts[0])


def _ending(outcome: Outcome) -> str:
    match outcome:
        case Done():
            return "done"
        case Refused(why=why):
            return {"patience": "timed out"}.get(why, why)
    return "unknown"


def _short(text: str) -> str:
    return text if len(text) <= LONGEST_DETAIL else f"{text[: LONGEST_DETAIL - 1]}…"
