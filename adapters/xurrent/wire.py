"""The JSON records of both generations of the API.

The old one is documented in the ITRP page "Tasks" (about 2017), the new one on the Xurrent developer site:
"Tasks", "Workflows", "Workflow Templates", "Approvals", "Notes" and "People". The pages' samples contradict their
own field tables, so only ``id`` is required, and a value of an unexpected type is treated as missing. Dates stay
text here, because some of them are words (``best_effort``).
"""

from typing import Annotated

from pydantic import AliasChoices, BaseModel, BeforeValidator, ConfigDict, Field


class Wire(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True, coerce_numbers_to_str=True)


def _text_or_none(value: object) -> object:
    if isinstance(value, bool):
        return None
    return value if isinstance(value, str | int | float) else None


def _int_or_none(value: object) -> object:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _reference_or_none(value: object) -> object:
    id = value.get("id") if isinstance(value, dict) else None
    has_id = isinstance(id, int | str) and not isinstance(id, bool) and id != ""
    return value if has_id else None


Id = Annotated[str, Field(min_length=1)]
OptionalText = Annotated[str | None, BeforeValidator(_text_or_none)]
OptionalInt = Annotated[int | None, BeforeValidator(_int_or_none)]
OptionalBool = Annotated[bool | None, BeforeValidator(lambda value: value if isinstance(value, bool) else None)]
Flag = Annotated[bool, BeforeValidator(lambda value: value is True)]


class Reference(Wire):
    """A person, team or record inside another record: people and teams have a name, records a subject."""

    id: Id
    name: OptionalText = None
    subject: OptionalText = None

    @property
    def shown(self) -> str:
        return self.name or self.subject or self.id


OptionalReference = Annotated[Reference | None, BeforeValidator(_reference_or_none)]


class Task(Wire):
    """``run`` is its workflow (new API) or change (old API); lists leave it out unless asked for."""

    id: Id
    source_id: OptionalText = Field(None, alias="sourceID")
    subject: OptionalText = None
    category: OptionalText = None
    status: OptionalText = None
    team: OptionalReference = None
    member: OptionalReference = None
    manager: OptionalReference = None
    run: OptionalReference = Field(None, validation_alias=AliasChoices("workflow", "change"))
    phase: OptionalReference = None
    instructions: OptionalText = None
    required_approvals: OptionalInt = None
    completion_target_at: OptionalText = None
    finished_at: OptionalText = None
    anticipated_assignment_at: OptionalText = None
    impact: OptionalText = None
    start_at: OptionalText = None
    waiting_until: OptionalText = None
    updated_at: OptionalText = None
    urgent: OptionalBool = None  # in the field table of "Tasks" and in no sample: a server may leave it out


class Workflow(Wire):
    id: Id
    source_id: OptionalText = Field(None, alias="sourceID")
    subject: OptionalText = None
    status: OptionalText = None
    completion_reason: OptionalText = None
    impact: OptionalText = None
    start_at: OptionalText = None
    updated_at: OptionalText = None
    manager: OptionalReference = None
    template: OptionalReference = None


class Template(Wire):
    """A workflow template, with the fields that a start copies from it."""

    id: Id
    subject: OptionalText = None
    instructions: OptionalText = None
    note: OptionalText = None
    category: OptionalText = None
    justification: OptionalText = None
    workflow_type: OptionalText = None
    service: OptionalReference = None
    created_at: OptionalText = None
    disabled: Flag = False


class TaskTemplate(Wire):
    id: Id
    subject: OptionalText = None
    category: OptionalText = None
    instructions: OptionalText = None


class Approval(Wire):
    id: Id
    approver: OptionalReference = None
    status: OptionalText = None


class Note(Wire):
    id: Id
    person: OptionalReference = None
    created_at: OptionalText = None
    text: OptionalText = None
    medium: OptionalText = None
    internal: Flag = False
    task: OptionalReference = None


class Person(Wire):
    id: Id
    name: OptionalText = None
    primary_email: OptionalText = None
    disabled: Flag = False


class CreatedRecord(Wire):
    """The response to a new note has only its ID."""

    id: Id
