"""Changes to the case itself: its sub-status as the colour of a run, and its end."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from adapters.errors import (
    OPTIONAL_READ_ERRORS,
    AdapterError,
    BadResponse,
    Conflict,
    NotFound,
    OutcomeUnknown,
    Rejected,
    Unreachable,
    Unsupported,
)
from adapters.models import Health, RunState
from adapters.tines import mapping, wire
from adapters.tines.people import People
from adapters.tines.reads import Reads
from adapters.writes import Applied, EndRun, NotApplied, Reconciliation, SetStatus, WriteResult

COLOUR = "colour"  # the step of a status that sets the sub-status


@dataclass
class Cases:
    reading: Reads
    people: People
    colours: Mapping[Health, str]  # a sub-status by its name or its id
    _ids: dict[str, str] = field(default_factory=dict)  # name of a sub-status, folded -> id
    _has_list: bool = True  # of sub-statuses, as newer tenants do; until it turns out otherwise

    def learn(self, case: wire.Case) -> None:
        """The document has no list of sub-statuses, so they are picked up where cases have them (sheet 3.3)."""
        if case.sub_status is not None and case.sub_status.name:
            self._ids[case.sub_status.name.casefold()] = case.sub_status.id

    async def coloured(self, case: str) -> wire.Activity | None:
        """What last changed the sub-status: a colour set in Tines is newer than the one Liaison remembers."""
        if not self.colours:
            return None
        try:
            found = await self.reading.activities(case, "SUB_STATUS_UPDATED", "show")
        except OPTIONAL_READ_ERRORS:
            return None  # a key that sees the case and not its history
        return found[-1] if found else None

    async def colour(self, step: SetStatus) -> WriteResult:
        """Where it cannot be set the colour is kept by Liaison: a status is worth more than its colour."""
        name = self._wanted(step)
        id = await self._id(name)
        if id is None:
            return WriteResult(message="tines.no_sub_status", facts={"name": name})
        body = {"sub_status_id": int(id) if id.isdecimal() else id} | await self._author(step, "status")
        path = self.reading.path(step.run_id, "status")
        try:
            answer = await self.reading.caller.write("PUT", path, operation="status", json=body)
        except Rejected as refusal:
            return WriteResult(
                message="tines.sub_status_refused", facts={"name": name, "said": refusal.said or "no reason"}
            )
        case = self.reading.written(wire.Case, answer, "status")
        return WriteResult(state=mapping.run_state(case))

    async def settle_colour(self, step: SetStatus) -> Reconciliation:
        case = await self.reading.case(step.run_id, "status")
        self.learn(case)
        is_so = step.health is not None and mapping.health_of(case, self.colours) is step.health
        return Applied(WriteResult(state=mapping.run_state(case))) if is_so else NotApplied()

    async def end(self, step: EndRun) -> WriteResult:
        """A close that is refused names all closure conditions: Tines does not say which one is unmet."""
        body = {"status": "closed"} | await self._author(step, "end")
        path = self.reading.path(step.run_id, "end")
        try:
            answer = await self.reading.caller.write("PUT", path, operation="end", json=body)
        except (Rejected, Conflict) as refusal:
            return await self._refused(step, refusal)
        if mapping.is_open(self.reading.written(wire.Case, answer, "end")):
            await self._look_again(step)
        return WriteResult(state=RunState.FINISHED)

    async def settle_end(self, step: EndRun) -> Reconciliation:
        case = await self.reading.case(step.run_id, "end")
        return NotApplied() if mapping.is_open(case) else Applied(WriteResult(state=RunState.FINISHED))

    async def _look_again(self, step: EndRun) -> None:
        """An answer that shows the case open may be late, or may be how Tines says no."""
        try:
            case = await self.reading.case(step.run_id, "end")
        except AdapterError as error:
            raise OutcomeUnknown(error.platform, "end", said=error.said) from error
        if mapping.is_open(case):
            raise self._unmet(case, "")

    async def _refused(self, step: EndRun, refusal: Rejected | Conflict) -> WriteResult:
        """What the case is like says why. If it cannot be read, the refusal is all that is known."""
        if refusal.key == "platform.forbidden":
            raise refusal
        try:
            case = await self.reading.case(step.run_id, "end")
        except AdapterError:
            raise refusal from None
        if not mapping.is_open(case):
            return WriteResult(state=RunState.FINISHED, already=True, message="tines.already_closed")
        if not case.closure_conditions:
            raise refusal
        raise self._unmet(case, refusal.said) from refusal

    def _unmet(self, case: wire.Case, said: str) -> Rejected:
        reasons = tuple(one.name or one.formula for one in case.closure_conditions)
        key = "tines.closure" if reasons else "tines.not_closed"
        return Rejected(self.reading.caller.platform, "end", key=key, reasons=reasons, said=said)

    def _wanted(self, step: SetStatus) -> str:
        return self.colours[step.health] if step.health is not None else ""

    async def _id(self, wanted: str) -> str | None:
        if wanted.isdecimal():
            return wanted
        name = wanted.casefold()
        try:
            if name not in self._ids:
                for case in await self.reading.first_cases({"sub_status_names": [wanted]}, "status"):
                    self.learn(case)
            if name not in self._ids and self._has_list:
                self._ids |= {one.name.casefold(): one.id for one in await self._list() if one.name}
        except (NotFound, Rejected, Unsupported, BadResponse, Unreachable):
            return None
        return self._ids.get(name)

    async def _list(self) -> Sequence[wire.SubStatus]:
        """A tenant that has none says so once."""
        try:
            return await self.reading.sub_statuses("status")
        except (NotFound, Unsupported):
            self._has_list = False
            return ()

    async def _author(self, step: SetStatus | EndRun, operation: str) -> dict[str, str | int]:
        email = await self.people.email(step.by, operation)
        return {"author_email": email} if email else {}
