"""The priority, the sub-status and the fields of a case."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from adapters.errors import Rejected
from adapters.models import PlatformAction, Run
from adapters.results import WriteResult
from adapters.tines import mapping, wire
from adapters.tines.api import CASES
from adapters.tines.case_actions.kinds import CaseAction
from adapters.tines.errors import MESSAGES
from adapters.tines.inputs import CaseInputs
from adapters.tines.sub_statuses import SubStatuses
from adapters.toolkit.messages import message_text
from adapters.writes import PerformAction, WriteMarker

_METADATA = "metadata."
_OWN_METADATA = "liaison_"


class SetPriority(CaseAction):
    name = "priority"

    async def offers(self, case: wire.Case, run: Run) -> Sequence[PlatformAction]:
        current = case.priority.lower()  # requests use lower case, responses upper case
        return [_priority_action(name, current) for name in mapping.PRIORITIES if name != current]

    async def execute(self, step: PerformAction, marker: WriteMarker) -> WriteResult:
        await self.update(step, priority=self.target(step))
        return WriteResult()

    async def is_applied(self, step: PerformAction, marker: WriteMarker) -> bool:
        return (await self.api.case(step.run_id, "do")).priority.lower() == self.target(step)


def _priority_action(name: str, current: str) -> PlatformAction:
    now = mapping.priority_label(current) if current in mapping.PRIORITIES else current
    facts = {
        "priority": mapping.priority_label(name),
        "now": now or message_text(MESSAGES, "tines.label.priority_unknown"),
    }
    return PlatformAction(
        id=f"priority:{name}", label="tines.offer_priority", warning="tines.offer_priority_does", facts=facts
    )


@dataclass
class SetSubStatus(CaseAction):
    """Also those that stand for a colour: the run's health follows them."""

    sub_statuses: SubStatuses
    name = "sub_status"

    async def offers(self, case: wire.Case, run: Run) -> Sequence[PlatformAction]:
        current = case.sub_status
        now = current.name if current else message_text(MESSAGES, "tines.label.none")
        return [
            PlatformAction(
                id=f"sub_status:{status.id}",
                label="tines.offer_sub_status",
                warning="tines.offer_sub_status_does",
                facts={"name": status.name, "now": now},
            )
            for status in await self.sub_statuses.all(case.team.id, "do")
            if current is None or status.id != current.id
        ]

    async def execute(self, step: PerformAction, marker: WriteMarker) -> WriteResult:
        id = self.target(step)
        case = await self.update(step, sub_status_id=int(id) if id.isdecimal() else id)
        return WriteResult(state=mapping.run_state(case))

    async def is_applied(self, step: PerformAction, marker: WriteMarker) -> bool:
        case = await self.api.case(step.run_id, "do")
        return case.sub_status is not None and case.sub_status.id == self.target(step)


@dataclass
class SetFields(CaseAction):
    """``do set fields --set region=eu-1``: the case's fields, ``metadata.KEY``, or the priority.

    The plan makes a step of each kind of value that was given: ``FIELD_PARTS``.
    """

    inputs: CaseInputs
    name = "fields"

    async def offers(self, case: wire.Case, run: Run) -> Sequence[PlatformAction]:
        inputs = await self.inputs.of(case, case.team.id, "do")
        values = {item.case_input.id: item.value for item in case.fields if item.case_input}
        shown = [f"{item.name or item.key}: {values[item.id]}" for item in inputs if values.get(item.id)]
        now = ", ".join(shown) or message_text(MESSAGES, "tines.label.none")
        return [
            PlatformAction(
                id="fields",
                label="tines.offer_fields",
                warning="tines.offer_fields_does",
                facts={"now": now},
                inputs=(*(item.key or item.name for item in inputs), "priority", f"{_METADATA}KEY"),
            )
        ]

    async def execute(self, step: PerformAction, marker: WriteMarker) -> WriteResult:
        values = field_values(step)
        if step.part == "metadata":
            if any(key.startswith(_OWN_METADATA) or not value for key, value in values.items()):
                raise Rejected(self.api.platform, "do", key="tines.own_metadata")
            await self.api.set_metadata(step.run_id, values, "do")
        elif step.part == "priority":
            await self.update(step, priority=self.inputs.priority(values["priority"], "do"))
        else:
            by_input = await self._by_input(step)
            fields = [
                {"input_id": int(id) if id.isdecimal() else id, "value": value, "upsert": True}
                for id, value in by_input.items()
            ]
            case = int(step.run_id) if step.run_id.isdecimal() else step.run_id
            body = {"case_ids": [case], "fields": fields}
            await self.api.http.write("POST", f"{CASES}/bulk/fields", operation="do", json=body)
        return WriteResult()

    async def is_applied(self, step: PerformAction, marker: WriteMarker) -> bool:
        values = field_values(step)
        case = await self.api.case(step.run_id, "do")
        if step.part == "metadata":
            return all(case.metadata.get(key) == value for key, value in values.items())
        if step.part == "priority":
            return case.priority.lower() == values["priority"].lower()
        present = {item.case_input.id: item.value for item in case.fields if item.case_input}
        return all(present.get(id) == value for id, value in (await self._by_input(step)).items())

    async def _by_input(self, step: PerformAction) -> Mapping[str, str]:
        case = await self.api.case(step.run_id, "do")
        inputs = [item.case_input for item in case.fields if item.case_input]
        return await self.inputs.values(field_values(step), inputs, case.team.id, "do")


FIELD_PARTS = ("fields", "metadata", "priority")


def field_parts(step: PerformAction) -> Sequence[PerformAction]:
    """One step for each kind of value that was given."""
    return [step.as_part(part) for part in FIELD_PARTS if field_values(step.as_part(part))] or [
        step.as_part(FIELD_PARTS[0])
    ]


def field_values(step: PerformAction) -> dict[str, str]:
    """The given values that belong to this part."""
    match step.part:
        case "metadata":
            return {
                key.removeprefix(_METADATA): value
                for key, value in step.options.items()
                if key.startswith(_METADATA)
            }
        case "priority":
            return {key: value for key, value in step.options.items() if key == "priority"}
    return {
        key: value for key, value in step.options.items() if key != "priority" and not key.startswith(_METADATA)
    }
