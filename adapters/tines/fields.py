"""The inputs of a run: ``--set key=value`` as Tines' priority and case fields."""

from collections.abc import Mapping, Sequence

from adapters.errors import Rejected
from adapters.tines import wire
from adapters.tines.reads import Reads

PRIORITIES = ("critical", "high", "medium", "low", "info")
PRIORITY = "priority"


def of_template(template: wire.Case) -> dict[str, str]:
    """Its values, by the id of their input: what ``field_values`` wants."""
    return {one.case_input.id: one.value for one in template.fields if one.case_input and one.value}


def priority(template: wire.Case, options: Mapping[str, str], platform: str) -> str | None:
    """Lower case, as requests want it (answers say it in capitals)."""
    wanted = options.get(PRIORITY)
    if wanted is None:
        return template.priority.lower() if template.priority.lower() in PRIORITIES else None
    if wanted.lower() not in PRIORITIES:
        raise _bad_value(platform, PRIORITY, wanted, PRIORITIES)
    return wanted.lower()


async def chosen(template: wire.Case, options: Mapping[str, str], team: str, reading: Reads) -> Mapping[str, str]:
    """The options by the ids of their inputs. Raises ``Rejected`` for what is no field, or no value of one."""
    wanted = {name: value for name, value in options.items() if name != PRIORITY}
    if not wanted:
        return {}
    platform = reading.caller.platform
    inputs: Sequence[wire.CaseInput] = [one.case_input for one in template.fields if one.case_input]
    if any(_named(name, inputs) is None for name in wanted):
        inputs = [*inputs, *(await reading.inputs(team, "start"))]
    found: dict[str, str] = {}
    for name, value in wanted.items():
        field = _named(name, inputs)
        if field is None:
            names = sorted({one.key or one.name for one in inputs} | {PRIORITY})
            raise Rejected(platform, "start", key="tines.unknown_option", option=name, allowed=", ".join(names))
        allowed = field.validation_options.options if field.validation_type == "options" else ()
        if allowed and value not in allowed:
            raise _bad_value(platform, name, value, allowed)
        found[field.id] = value
    return found


def _named(name: str, inputs: Sequence[wire.CaseInput]) -> wire.CaseInput | None:
    wanted = name.casefold()
    return next((one for one in inputs if wanted in (one.key.casefold(), one.name.casefold(), one.id)), None)


def _bad_value(platform: str, option: str, value: str, allowed: Sequence[str]) -> Rejected:
    words = ", ".join(allowed)
    return Rejected(platform, "start", key="tines.bad_option", option=option, value=value, allowed=words)
