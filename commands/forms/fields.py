"""Fields that several forms share."""

from commands.model.form import FormField

NAME_LENGTH = 150  # characters of a name or a title

TASK = FormField("task", "form.task", "search", optional=True)
PERSON = FormField("person", "form.person", hint="form.person_hint", optional=True, max_length=NAME_LENGTH)
