"""What a case can do beyond the verbs, and has no button for: its priority, and who follows it."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from adapters.errors import AdapterError, Conflict, Rejected
from adapters.models import PlatformAction
from adapters.tines import wire
from adapters.tines.fields import PRIORITIES
from adapters.tines.people import People
from adapters.tines.reads import Reads
from adapters.writes import Applied, NotApplied, PerformAction, Reconciliation, WriteResult

FOLLOW = "follow"
_PRIORITY = "priority:"
_MOST_SEEN = 500


def is_priority(step: PerformAction) -> bool:
    return step.action.removeprefix(_PRIORITY) in PRIORITIES


@dataclass
class Extras:
    reading: Reads
    people: People
    _priorities: dict[str, str] = field(default_factory=dict)  # of a case, as last read

    def learn(self, case: wire.Case) -> None:
        """Requests say a priority in small letters, answers in capitals."""
        self._priorities.pop(case.case_id, None)
        self._priorities[case.case_id] = case.priority.lower()
        while len(self._priorities) > _MOST_SEEN:
            self._priorities.pop(next(iter(self._priorities)))

    def of(self, case: str) -> Sequence[PlatformAction]:
        now = self._priorities.get(case, "")
        offers = [_of_priority(name, now) for name in PRIORITIES if name != now]
        return [*offers, PlatformAction(id=FOLLOW, label="tines.offer_follow", warning="tines.offer_follow_does")]

    async def execute(self, step: PerformAction) -> WriteResult:
        return await self._follow(step) if step.action == FOLLOW else await self._set_priority(step)

    async def reconcile(self, step: PerformAction) -> Reconciliation:
        if step.action == FOLLOW:
            is_so = await self._follows(step, await self._email(step))
        else:
            case = await self.reading.case(step.run_id, "do")
            self.learn(case)
            is_so = case.priority.lower() == step.action.removeprefix(_PRIORITY)
        return Applied(WriteResult()) if is_so else NotApplied()

    async def _set_priority(self, step: PerformAction) -> WriteResult:
        author = await self.people.email(step.by, "do")
        body = {"priority": step.action.removeprefix(_PRIORITY)} | ({"author_email": author} if author else {})
        answer = await self.reading.caller.write(
            "PUT", self.reading.path(step.run_id, "do"), operation="do", json=body
        )
        self.learn(self.reading.written(wire.Case, answer, "do"))
        return WriteResult()

    async def _follow(self, step: PerformAction) -> WriteResult:
        """What Tines says to somebody who follows already is not documented, so a refusal is looked into."""
        email = await self._email(step)
        path = f"{self.reading.path(step.run_id, 'do')}/subscribers"
        try:
            await self.reading.caller.write("POST", path, operation="do", json={"user_email": email})
        except (Rejected, Conflict):
            if not await self._surely_follows(step, email):
                raise
            return WriteResult(already=True, message="tines.already")
        return WriteResult()

    async def _surely_follows(self, step: PerformAction, email: str) -> bool:
        try:
            return await self._follows(step, email)
        except AdapterError:
            return False

    async def _follows(self, step: PerformAction, email: str) -> bool:
        found = await self.reading.subscribers(step.run_id, "do")
        return email.casefold() in (one.email.casefold() for one in found)

    async def _email(self, step: PerformAction) -> str:
        email = await self.people.email(step.by, "do")
        if not email:
            raise Rejected(self.reading.caller.platform, "do", key="tines.cannot_follow", person=step.by.shown)
        return email


def _of_priority(name: str, now: str) -> PlatformAction:
    return PlatformAction(
        id=f"{_PRIORITY}{name}",
        label="tines.offer_priority",
        warning="tines.offer_priority_does",
        facts={"priority": name, "now": now or "not known"},
    )
