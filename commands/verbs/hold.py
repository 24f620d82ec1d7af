"""``hold``: puts tasks on hold, with a reason."""

from datetime import datetime
from typing import Literal

from adapters.writes import HoldTask, Op
from commands.forms.fields import WHEN_LENGTH, task_form
from commands.language.due_time import parse_due_time, resolve_due_time
from commands.language.references import RUN_FLAG, parse_tasks_and_reason, tasks_end
from commands.model.card import Answer, Field
from commands.model.command import Command, Example, Flag, FlagKind, ParsedLine, Right, Scope
from commands.model.errors import BadArguments, Suggested
from commands.model.form import FormField, FormOpening
from commands.model.intents import TaskIntent
from commands.model.ports import CommandContext
from commands.operations.task_action import execute_on_tasks, required_run
from commands.text.catalogue import plain_text, translate
from commands.text.error_text import platform_title


class Hold(TaskIntent):
    verb: Literal["hold"] = "hold"
    reason: str = ""


def read(line: ParsedLine) -> Hold:
    arguments, reason = parse_tasks_and_reason(line, required_for=COMMAND)
    until = line.flags.get("until", "")
    options = {"until": until} if until else {}
    return Hold(run=arguments.run, tasks=arguments.tasks, reason=reason, options=options)


async def handle(intent: Hold, context: CommandContext) -> Answer:
    """The option "until" is as typed in the intent, and a point in time in the write."""
    if until := intent.options.get("until", ""):
        at = _point_in_time(until, context)
        options = {name: value for name, value in intent.options.items() if name != "until"}
        intent = intent.model_copy(update={"options": options | ({"until": at.isoformat()} if at else {})})
    return await execute_on_tasks(intent, context, HoldTask, reason=intent.reason)


def _point_in_time(until: str, context: CommandContext) -> datetime | None:
    name = required_run(context).run.key.platform
    platform_type = context.services.platform_types.get(name)
    if platform_type is not None and not platform_type.holds_until:
        raise BadArguments("hold.no_until", field="until", platform=platform_title(name, context.services))
    return resolve_due_time(parse_due_time(until, _until), context.message.at, context.zone, _until)


def _until(when: str) -> Suggested:
    return {"options": {"until": when}}


async def _until_field(opening: FormOpening) -> tuple[Field, ...]:
    """Only where the platform can hold a task until a time."""
    platform_type = opening.services.platform_types.get(opening.run.run.key.platform)
    if platform_type is None or not platform_type.holds_until:
        return ()
    label, hint = plain_text(translate("form.until")), plain_text(translate("form.until_hint"))
    return (Field("until", label, "when", hint=hint, optional=True, longest=WHEN_LENGTH),)


COMMAND = Command(
    verb="hold",
    intent=Hold,
    read=read,
    handle=handle,
    arguments="TASK… REASON [--until WHEN]",
    examples=(
        Example("hold T4 waiting for the vendor", {"tasks": ("T4",), "reason": "waiting for the vendor"}),
        Example(
            "hold T4 waiting for the vendor --until 14:20",
            {"tasks": ("T4",), "reason": "waiting for the vendor", "options": {"until": "14:20"}},
        ),
        Example("block promote the replica --reason no quorum", {"tasks": ("promote the replica",)}),
    ),
    aliases=("block", "pause"),
    synonyms={"en": ("wait",), "pt": ("bloquear", "pausar", "segurar", "aguardar")},
    flags=(Flag("reason", FlagKind.REST, hint="TEXT"), Flag("until", FlagKind.WHEN, hint="WHEN"), RUN_FLAG),
    scope=Scope.WRITE,
    right=Right.WRITE,
    op=Op.HOLD,
    form=task_form(
        Hold,
        "form.title_hold",
        "form.submit_hold",
        FormField("reason", "form.reason_hold", "lines"),
        more_fields=_until_field,
        options=("until",),
    ),
    arguments_end=tasks_end,
)
