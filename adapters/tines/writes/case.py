"""Changes to the case itself: its sub-status as the health of the run, the status update in its metadata, and
closing it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from adapters.errors import (
    OPTIONAL_READ_ERRORS,
    AdapterError,
    Conflict,
    OutcomeUnknown,
    Rejected,
)
from adapters.models import Health, RunHealth, RunState
from adapters.results import Baseline, Reconciliation, Recovery, WriteResult
from adapters.tines import mapping, wire
from adapters.tines import text as texts
from adapters.tines.api import Api
from adapters.tines.errors import MESSAGES
from adapters.tines.people import People
from adapters.tines.sub_statuses import SubStatuses
from adapters.toolkit.guards import Fresh
from adapters.toolkit.messages import message_text
from adapters.toolkit.reconciliation import applied_if, read_or_raise
from adapters.toolkit.steps import reconciles, step
from adapters.writes import EndRun, SetStatus, Write, WriteMarker

COLOUR = "colour"  # the part of a status that sets the sub-status
SENTENCE = "sentence"  # the part of a status that stores it with the case


@dataclass
class CaseWrites:
    api: Api
    people: People
    colours: Mapping[Health, str]  # the sub-status of each health, by name or id
    sub_statuses: SubStatuses
    _just_set: dict[str, wire.Case] = field(default_factory=dict)  # by case: after its colour, before its sentence

    async def last_colour_change(self, case: str) -> wire.Activity | None:
        """Who last changed the sub-status, and when. None where the key cannot see the history."""
        try:
            changes = await self.api.activities(case, "SUB_STATUS_UPDATED", "show")
        except OPTIONAL_READ_ERRORS:
            return None
        return changes[-1] if changes else None

    async def read_case(self, step: Write) -> Fresh[wire.Case]:
        case = await self.api.case(step.run_id, step.op.value)
        self.sub_statuses.remember(case)
        return Fresh(case, run_state=mapping.run_state(case))

    async def read_health(self, case: wire.Case) -> RunHealth:
        """Takes a request only where somebody has changed the colour in Tines."""
        if not mapping.is_coloured_there(case, self.colours):
            return mapping.status_of(case, self.colours)
        return mapping.status_of(case, self.colours, await self.last_colour_change(case.case_id))

    async def read_case_once(self, step: SetStatus) -> Fresh[wire.Case]:
        """Without a request if the step that sets the colour came before."""
        case = self._just_set.pop(step.run_id, None)
        return Fresh(case) if case is not None else await self.read_case(step)

    @step(SetStatus, part=COLOUR, recovery=Recovery.IDEMPOTENT, guard=read_case)
    async def set_colour(self, step: SetStatus, marker: WriteMarker, fresh: Fresh[wire.Case]) -> WriteResult:
        """If the sub-status cannot be set, the result says so: the text of the status is still written."""
        name = self.colours[step.health] if step.health is not None else ""
        id = await self.sub_statuses.id(name, fresh.record.team.id, "status")
        if id is None:
            self._just_set[step.run_id] = fresh.record
            return WriteResult(already=True, message="tines.no_sub_status", facts={"name": name})
        body = {"sub_status_id": int(id) if id.isdecimal() else id}
        try:
            case = await self._update(step, body)
        except Rejected as error:
            said = error.said or message_text(MESSAGES, "tines.label.no_reason")
            self._just_set[step.run_id] = fresh.record
            facts = {"name": name, "said": said}
            return WriteResult(already=True, message="tines.sub_status_refused", facts=facts)
        self._just_set[step.run_id] = fresh.record.model_copy(
            update={"sub_status": case.sub_status or wire.SubStatus(id=id, name=name)}
        )
        return WriteResult(state=mapping.run_state(case))

    @reconciles(SetStatus, part=COLOUR)
    async def reconcile_colour(self, step: SetStatus, marker: WriteMarker, baseline: Baseline) -> Reconciliation:
        case = await self.api.case(step.run_id, "status")
        self.sub_statuses.remember(case)
        is_applied = step.health is not None and mapping.colour_of(case, self.colours) is step.health
        return applied_if(is_applied, WriteResult(state=mapping.run_state(case)))

    @step(SetStatus, part=SENTENCE, recovery=Recovery.LOOKUP, guard=read_case_once)
    async def store_status(self, step: SetStatus, marker: WriteMarker, fresh: Fresh[wire.Case]) -> WriteResult:
        """The sentence has no other place in a case, and stays there whatever happens to the sub-status.

        A tenant that refuses it still gets the comment, and Liaison stores the status itself.
        """
        case = fresh.record
        before = mapping.status_of(case, self.colours)
        health = before.health if step.health is None else step.health
        sub_status = case.sub_status.id if case.sub_status else ""
        values = texts.format_status(health, step.text, marker, step.next_at, sub_status)
        try:
            await self.api.set_metadata(step.run_id, values, "status")
        except Rejected:
            return WriteResult()
        stored = RunHealth(health=health, text=step.text, by=marker.who, at=marker.at, due=step.next_at)
        result = WriteResult(health=stored)
        is_set_up = step.health is None or step.health in self.colours
        if is_set_up or case.sub_status is None or mapping.colour_of(case, self.colours) is Health.UNSET:
            return result
        facts = {"name": case.sub_status.name or case.sub_status.id}
        return result.model_copy(update={"message": "tines.colour_not_set_up", "facts": facts})

    @reconciles(SetStatus, part=SENTENCE)
    async def reconcile_status(self, step: SetStatus, marker: WriteMarker, baseline: Baseline) -> Reconciliation:
        stored = texts.parse_status((await self.api.case(step.run_id, "status")).metadata)
        return applied_if(stored is not None and stored.code == marker.code)

    @step(EndRun, recovery=Recovery.IDEMPOTENT, guard=read_case)
    async def close(self, step: EndRun, marker: WriteMarker, fresh: Fresh[wire.Case]) -> WriteResult:
        """A refusal lists all closure conditions, because Tines does not say which one is not met."""
        try:
            case = await self._update(step, {"status": "closed"})
        except (Rejected, Conflict) as error:
            return await self._explain_refusal(step, error)
        if mapping.is_open(case):
            await self._require_closed(step)
        return WriteResult(state=RunState.FINISHED)

    @reconciles(EndRun)
    async def reconcile_close(self, step: EndRun, marker: WriteMarker, baseline: Baseline) -> Reconciliation:
        case = await self.api.case(step.run_id, "end")
        return applied_if(not mapping.is_open(case), WriteResult(state=RunState.FINISHED))

    async def _update(self, step: SetStatus | EndRun, body: Mapping[str, object]) -> wire.Case:
        author = await self.people.author_fields(step.by, step.op.value)
        return await self.api.update_case(step.run_id, {**body, **author}, step.op.value)

    async def _require_closed(self, step: EndRun) -> None:
        """A response with an open case may be outdated, or may be a refusal."""
        try:
            case = await self.api.case(step.run_id, "end")
        except AdapterError as error:
            raise OutcomeUnknown(error.platform, "end", said=error.said) from error
        if mapping.is_open(case):
            raise self._not_closed(case, "")

    async def _explain_refusal(self, step: EndRun, refusal: Rejected | Conflict) -> WriteResult:
        """Raises ``refusal`` itself if reading the case does not explain it."""
        if refusal.key == "platform.forbidden":
            raise refusal
        case = await read_or_raise(self.api.case(step.run_id, "end"), refusal)
        if not mapping.is_open(case):
            return WriteResult(state=RunState.FINISHED, already=True, message="tines.already_closed")
        if not case.closure_conditions:
            raise refusal
        raise self._not_closed(case, refusal.said) from refusal

    def _not_closed(self, case: wire.Case, said: str) -> Rejected:
        reasons = tuple(condition.name or condition.formula for condition in case.closure_conditions)
        key = "tines.closure" if reasons else "tines.not_closed"
        return Rejected(self.api.platform, "end", key=key, reasons=reasons, said=said)
