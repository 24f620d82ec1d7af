"""The product's JSON, of both generations, read leniently: only an ``id`` is demanded.

Old: the tasks page of about 2017 ("change", Basic token). New: the developer site's pages on tasks, workflows,
workflow templates, approvals, notes and people. A field of a kind that we do not expect is as good as missing;
dates stay text here, since some are words (``best_effort``).
"""

from typing import Annotated

from pydantic import AliasChoices, BaseModel, BeforeValidator, ConfigDict, Field


class Wire(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True, coerce_numbers_to_str=True)


def _text(value: object) -> object:
    if isinstance(value, bool):
        return None
    return value if isinstance(value, str | int | float) else None


def _number(value: object) -> object:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _reference(value: object) -> object:
    """A reference is an object with an id; an empty one, or one of another kind, is none."""
    id = value.get("id") if isinstance(value, dict) else None
    known = isinstance(id, int | str) and not isinstance(id, bool) and id != ""
    return value if known else None


Id = Annotated[str, Field(min_length=1)]
Text = Annotated[str | None, BeforeValidator(_text)]
Number = Annotated[int | None, BeforeValidator(_number)]
Known = Annotated[bool | None, BeforeValidator(lambda value: value if isinstance(value, bool) else None)]
Flag = Annotated[bool, BeforeValidator(lambda value: value is True)]


class Named(Wire):
    """Somebody or something referred to: people and teams have a name, records a subject."""

    id: Id
    name: Text = None
    subject: Text = None

    @property
    def shown(self) -> str:
        return self.name or self.subject or self.id


Reference = Annotated[Named | None, BeforeValidator(_reference)]


class Task(Wire):
    """``run`` is its workflow (new) or its change (old); lists leave it out unless asked."""

    id: Id
    source_id: Text = Field(None, alias="sourceID")
    subject: Text = None
    category: Text = None
    status: Text = None
    team: Reference = None
    member: Reference = None
    run: Reference = Field(None, validation_alias=AliasChoices("workflow", "change"))
    phase: Reference = None
    instructions: Text = None
    required_approvals: Number = None
    completion_target_at: Text = None
    finished_at: Text = None
    anticipated_assignment_at: Text = None
    waiting_until: Text = None
    urgent: Known = None  # in no sample: a server may leave it out


class Workflow(Wire):
    id: Id
    source_id: Text = Field(None, alias="sourceID")
    subject: Text = None
    status: Text = None
    completion_reason: Text = None
    manager: Reference = None
    template: Reference = None


class Template(Wire):
    """What a new workflow takes over from its template."""

    id: Id
    subject: Text = None
    instructions: Text = None
    note: Text = None
    category: Text = None
    justification: Text = None
    workflow_type: Text = None
    service: Reference = None
    disabled: Flag = False


class TaskTemplate(Wire):
    id: Id
    subject: Text = None
    category: Text = None
    instructions: Text = None


class Approval(Wire):
    id: Id
    approver: Reference = None
    status: Text = None


class Note(Wire):
    id: Id
    person: Reference = None
    created_at: Text = None
    text: Text = None
    medium: Text = None
    internal: Flag = False
    task: Reference = None


class Person(Wire):
    id: Id
    name: Text = None
    primary_email: Text = None
    disabled: Flag = False


class CreatedRecord(Wire):
    """The answer to a new note is its id alone."""

    id: Id
