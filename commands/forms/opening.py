"""Opens forms, from the stored snapshot alone. "retry" opens the form of an earlier message."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from adapters.writes import Op
from commands.access import require_right
from commands.forms import more
from commands.forms.options import MOST_OPTIONS, fitting_tasks, task_options
from commands.guest_access import require_reading
from commands.language.parser import parse_line
from commands.lookup.distinct_names import run_names
from commands.lookup.earlier_message import original_intent, require_access_to
from commands.lookup.run_lookup import no_run_error
from commands.lookup.run_search import load_runs, started_runs
from commands.model.card import Field, Form, Option, Text
from commands.model.command import Command, CommandSet
from commands.model.errors import BadArguments, CommandError, Missing, Stale
from commands.model.form import CommandForm, FormField, FormOpening, Values
from commands.model.intents import Intent, OpenForm
from commands.model.messages import Actor, Membership, Place
from commands.model.ports import Services
from commands.model.tracked_run import TrackedRun
from commands.operations.preconditions import run_over
from commands.operations.task_action import require_started, require_supported
from commands.text.catalogue import lazy, plain_text, translate
from commands.text.phrases import run_name, shorten, show_button

_OPTION_LENGTH = 70  # characters of an option of a select


def forms_of(commands: CommandSet) -> Mapping[str, CommandForm]:
    """By verb."""
    return {command.verb: command.form for command in commands.values() if command.form is not None}


async def open_form(request: OpenForm, actor: Actor, place: Place, services: Services) -> Form:
    """Raises ``CommandError`` if this person may not submit it, there is no run or nothing to do it to, or the
    message to retry is not stored any more."""
    if request.about == "retry":
        request = await _retry_request(request, actor, services)
    command = services.commands.get(request.about)
    form = command.form if command is not None else None
    if actor.membership is not Membership.UNKNOWN:  # else the submission is checked
        right = command.right if command is not None else services.commands["finish"].right
        require_reading(request, right, actor, services)
        require_right(right, actor, place, services.access_rules)
    fill = dict(request.fill)
    chosen = request.run or fill.pop("run", "")
    needs_run = form is None or form.needs_run
    runs = await _candidate_runs(chosen, place, services) if needs_run else []
    tracked = runs[0] if len(runs) == 1 else None
    if command is None or form is None:
        raise await more.verb_choice(tracked, services)
    if tracked is not None:
        _check_run(command, tracked, fill, services)
    opening = FormOpening(actor, place, services, tracked, fill)
    return await _form(command, form, opening, runs)


async def _form(command: Command, form: CommandForm, opening: FormOpening, runs: Sequence[TrackedRun]) -> Form:
    tracked = opening.tracked
    waits_for_run = form.needs_run and tracked is None
    values: Values = opening.fill if waits_for_run else {**form.prefill(opening), **opening.fill}
    fields = [_opened(field, tracked, values.get(field.name, ""), command.op) for field in form.fields]
    if not _takes_several(tracked, opening.services):
        fields = [replace(field, kind="person") if field.kind == "people" else field for field in fields]
    intro: list[Text] = []
    if waits_for_run:
        fields = [_run_field(runs), *(field for field in fields if field.name != "task")]
    else:
        more_fields = await form.more_fields(opening)
        added = {field.name: replace(field, value=values.get(field.name, field.value)) for field in more_fields}
        fields = [added.pop(field.name, field) for field in fields] + list(added.values())
        fields = [_with_shown(field, opening) for field in fields]
        intro = [line for line in (_lead(tracked), form.intro(opening)) if line]
    return Form(
        about=command.verb,
        run=tracked.handle if tracked else "",
        title=plain_text(translate(form.title)),
        submit=plain_text(translate(form.submit)),
        fields=tuple(_in_order(form, fields)),
        intro=tuple(intro),
    )


def _in_order(form: CommandForm, fields: Sequence[Field]) -> list[Field]:
    """What the chosen runbook asks for comes right after it."""
    asked = [field for field in fields if field.name.startswith("set.")]
    rest = [field for field in fields if field not in asked]
    at = next((n for n, field in enumerate(rest, 1) if field.refreshes), 0)
    return [*rest[:at], *asked, *rest[at:]]


def _takes_several(tracked: TrackedRun | None, services: Services) -> bool:
    platform_type = services.platform_types.get(tracked.run.key.platform) if tracked else None
    return platform_type is not None and platform_type.several_assignees


def _with_shown(field: Field, opening: FormOpening) -> Field:
    actor, place = opening.actor, opening.place
    if field.kind in ("person", "people") and field.value == actor.id:
        return replace(field, shown=actor.display_name)
    if field.kind == "channel" and field.value == place.channel and place.channel_name:
        return replace(field, shown=f"#{place.channel_name}")
    return field


def _lead(tracked: TrackedRun | None) -> Text:
    return translate("form.lead", run=run_name(tracked)) if tracked else ()


def _check_run(command: Command, tracked: TrackedRun, fill: Values, services: Services) -> None:
    """What can be known before somebody fills in a form for nothing."""
    require_started(tracked, services)
    op = command.op
    if op is None:
        return
    if tracked.run.state.is_over and op not in (Op.COMMENT, Op.REOPEN):
        raise run_over(tracked)
    if not (op is Op.REOPEN and tracked.overlay.holds):
        require_supported(op, tracked.run.key.platform, services)
    needs_task = command.form is not None and any(
        field.name == "task" and not field.optional for field in command.form.fields
    )
    if needs_task and not fill.get("task") and not fitting_tasks(tracked, op):
        raise Missing("task.none_to", verb=lazy(f"to.{op}"), run=run_name(tracked), buttons=[show_button(tracked)])


def prefilled_form(intent: Intent, commands: CommandSet) -> OpenForm | None:
    """The form that submits this intent again, filled with its values. None if its verb has no form."""
    form = commands[intent.verb].form
    if form is None:
        return None
    fill = {name: value for name, value in form.fill(intent).items() if value}
    run = intent.run if form.needs_run else ""
    return OpenForm.model_validate({"run": run, "about": intent.verb, "fill": fill})


def form_for_line(text: str, services: Services) -> OpenForm | None:
    """The form for a line that has only a verb, if the verb has one for this case. Pure."""
    commands = services.commands
    try:
        intent = parse_line(text, services)
    except BadArguments as error:
        about = next(
            (about for about, form in forms_of(commands).items() if form.opens_on_error == error.key), None
        )
        return OpenForm.model_validate({"about": about}) if about else None
    except CommandError:
        return None
    form = commands[intent.verb].form
    return prefilled_form(intent, commands) if form is not None and form.opens_for(intent) else None


async def _retry_request(request: OpenForm, actor: Actor, services: Services) -> OpenForm:
    key = request.fill.get("key", "")
    intent = await original_intent(key, services)
    if intent is not None:
        await require_access_to(key, intent, actor, services)
    form = prefilled_form(intent, services.commands) if intent is not None else None
    if form is None:
        raise Stale("form.gone")
    return form


async def _candidate_runs(chosen: str, place: Place, services: Services) -> Sequence[TrackedRun]:
    """The run that the form is for. Several: the person chooses one in the form."""
    if chosen:
        tracked = await services.runs.get(chosen)
        if tracked is None:
            raise Stale("run.no_such", run=chosen)
        return [tracked]
    if place.thread and (bound := await services.runs.for_thread(place)):
        return [bound]
    of_channel = [run for run in await services.runs.for_channel(place) if run.started]
    runs = await load_runs((of_channel or await started_runs(services))[:MOST_OPTIONS], services)
    if not runs:
        raise no_run_error()
    return runs


def _run_field(runs: Sequence[TrackedRun]) -> Field:
    names = run_names(runs, _OPTION_LENGTH)
    options = tuple(
        Option(tracked.handle, shorten(name, _OPTION_LENGTH)) for tracked, name in zip(runs, names, strict=True)
    )
    return Field("run", plain_text(translate("form.run")), "choice", options, refreshes=True)


def _opened(field: FormField, tracked: TrackedRun | None, value: str, op: Op | None) -> Field:
    """The field in the current language. A task that is filled in needs its option, or a chat cannot show it."""
    options = tuple(Option(value, plain_text(translate(key))) for value, key in field.options.items())
    if field.name == "task" and tracked is not None and value:
        options = tuple(option for option in task_options(tracked, "") if option.value == value)
    return Field(
        name=field.name,
        label=plain_text(translate(field.label)),
        kind=field.kind,
        options=options,
        value=value,
        hint=plain_text(translate(field.hint)) if field.hint else "",
        optional=field.optional,
        longest=field.max_length,
        refreshes=field.refreshes,
    )
