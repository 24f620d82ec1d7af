"""Fields and whole forms that several verbs share."""

from collections.abc import Mapping
from typing import Any

from commands.language.references import normalize_handle
from commands.model.form import CommandForm, FormField, Values
from commands.model.intents import Intent, TaskIntent

NAME_LENGTH = 150  # characters of a name or a title
WHEN_LENGTH = 20

TASK = FormField("task", "form.task", "search")
TASK_IF_ANY = FormField("task", "form.task", "search", optional=True)
PERSON = FormField("person", "form.person", "person", max_length=NAME_LENGTH)
PERSON_IF_ANY = FormField("person", "form.person", "person", optional=True, max_length=NAME_LENGTH)
PEOPLE = FormField("person", "form.person", "people")  # where the platform can have several
NOTE = FormField("note", "form.note", "lines", optional=True)


def task_form(
    kind: type[TaskIntent], title: str, submit: str, *fields: FormField, options: tuple[str, ...] = (), **more: Any
) -> CommandForm:
    """The form of a verb on one task. Each further field is the field of the intent with its name; those named in
    ``options`` are in the intent's options instead."""

    def read(run: str, values: Values) -> Intent:
        own = {field.name: values[field.name] for field in fields if field.name not in options}
        given = {name: values[name] for name in options if values.get(name)}
        tasks = (normalize_handle(values["task"]),)
        return kind.model_validate({"run": run, "tasks": tasks, "options": given, **own})

    def fill(intent: TaskIntent) -> Mapping[str, str]:
        own = {field.name: getattr(intent, field.name) for field in fields if field.name not in options}
        given = {name: intent.options.get(name, "") for name in options}
        return {"task": next(iter(intent.tasks), ""), **own, **given}

    return CommandForm(title=title, submit=submit, fields=(TASK, *fields), read=read, fill=fill, **more)
