"""The fields that cases of a team can have (its case inputs), and the values that people give for them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from adapters.errors import OPTIONAL_READ_ERRORS, Rejected
from adapters.tines import mapping, wire
from adapters.tines.api import Api


@dataclass
class CaseInputs:
    api: Api

    async def of(self, case: wire.Case, team: str, operation: str) -> Sequence[wire.CaseInput]:
        """Those of the team, or at least those of the case."""
        try:
            return await self.api.case_inputs(self.api.team or team, operation)
        except OPTIONAL_READ_ERRORS:
            return [item.case_input for item in case.fields if item.case_input]

    async def values(
        self, chosen: Mapping[str, str], known: Sequence[wire.CaseInput], team: str, operation: str
    ) -> Mapping[str, str]:
        """By input id. Raises ``Rejected`` for an unknown field or a value it does not allow.

        The team's inputs are only read for a field that is not among those ``known``.
        """
        inputs = list(known)
        if any(_find_input(name, inputs) is None for name in chosen):
            inputs += await self.api.case_inputs(self.api.team or team, operation)
        values: dict[str, str] = {}
        for name, value in chosen.items():
            case_input = _find_input(name, inputs)
            if case_input is None:
                allowed = ", ".join(sorted({item.key or item.name for item in inputs} | {"priority"}))
                key = "tines.unknown_option"
                raise Rejected(self.api.platform, operation, key=key, option=name, allowed=allowed)
            choices = case_input.validation_options.options if case_input.validation_type == "options" else ()
            if choices and value not in choices:
                raise self._bad_value(name, value, choices, operation)
            values[case_input.id] = value
        return values

    def priority(self, value: str, operation: str) -> str:
        """In lower case, as requests need it."""
        if value.lower() not in mapping.PRIORITIES:
            raise self._bad_value("priority", value, mapping.PRIORITIES, operation)
        return value.lower()

    def _bad_value(self, option: str, value: str, choices: Sequence[str], operation: str) -> Rejected:
        allowed, key = ", ".join(choices), "tines.bad_option"
        return Rejected(self.api.platform, operation, key=key, option=option, value=value, allowed=allowed)


def _find_input(name: str, inputs: Sequence[wire.CaseInput]) -> wire.CaseInput | None:
    name = name.casefold()
    return next((item for item in inputs if name in (item.key.casefold(), item.name.casefold(), item.id)), None)
