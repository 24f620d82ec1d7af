"""Opens forms, from the stored snapshot alone. "retry" opens the form of an earlier message."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from commands.forms import more
from commands.forms.options import MOST_OPTIONS, task_options
from commands.language.parser import parse
from commands.lookup.distinct_names import run_names
from commands.lookup.earlier_message import original_intent
from commands.lookup.run_lookup import no_run_error
from commands.model.card import Field, Form, Option
from commands.model.command import CommandSet
from commands.model.errors import BadArguments, CommandError, Stale
from commands.model.form import CommandForm, FormField
from commands.model.intents import Intent, OpenForm
from commands.model.messages import Place
from commands.model.ports import Services
from commands.model.tracked_run import TrackedRun
from commands.text.catalogue import plain_text, translate
from commands.text.phrases import run_name, shorten

_OPTION_LENGTH = 70  # characters of an option of a select


def forms_of(commands: CommandSet) -> Mapping[str, CommandForm]:
    """All forms by name: the verb, or "more"."""
    own = {command.verb: command.form for command in commands.values() if command.form is not None}
    return {**own, more.MORE: more.more_form(commands)}


async def open_form(request: OpenForm, place: Place, services: Services) -> Form:
    """Raises ``CommandError`` if there is no run for the form, or the message to retry is not stored any more."""
    if request.about == "retry":
        request = await _retry_request(request, services)
    form = forms_of(services.commands)[request.about]
    runs = await _candidate_runs(request, place, services) if form.needs_run else []
    tracked = runs[0] if len(runs) == 1 else None
    fields = [_opened(field, tracked, request.fill.get(field.name, "")) for field in form.fields]
    if request.about == more.MORE:
        fields[0] = replace(fields[0], options=more.supported_options(fields[0].options, services, tracked))
    if tracked is not None:
        fields += [replace(field, value=request.fill.get(field.name, "")) for field in form.run_fields(tracked)]
    if len(runs) > 1:
        fields.insert(0, _run_field(runs))
    return Form(
        about=request.about,
        run=tracked.handle if tracked else "",
        title=plain_text(translate(form.title)),
        submit=plain_text(translate("form.send")),
        fields=tuple(fields),
        intro=translate("form.lead", run=run_name(tracked)) if tracked else (),
    )


def prefilled_form(intent: Intent, commands: CommandSet) -> OpenForm:
    """The form that submits this intent again, filled with its values."""
    forms = forms_of(commands)
    about = intent.verb if intent.verb in forms else more.MORE
    form = forms[about]
    fill = {name: value for name, value in form.fill(intent).items() if value}
    return OpenForm.model_validate({"run": intent.run if form.needs_run else "", "about": about, "fill": fill})


def form_for_line(text: str, services: Services) -> OpenForm | None:
    """The form for a line that has only a verb, if the verb has one for this case. Pure."""
    commands = services.commands
    try:
        intent = parse(text, commands, services.aliases, root=services.root_command, mention=services.mention)
    except BadArguments as error:
        about = next(
            (about for about, form in forms_of(commands).items() if form.opens_on_error == error.key), None
        )
        return OpenForm.model_validate({"about": about}) if about else None
    except CommandError:
        return None
    form = commands[intent.verb].form
    return prefilled_form(intent, commands) if form is not None and form.opens_for(intent) else None


async def _retry_request(request: OpenForm, services: Services) -> OpenForm:
    intent = await original_intent(request.fill.get("key", ""), services)
    if intent is None:
        raise Stale("form.gone")
    return prefilled_form(intent, services.commands)


async def _candidate_runs(request: OpenForm, place: Place, services: Services) -> Sequence[TrackedRun]:
    """The run that the form is for. Several: the person chooses one in the form."""
    if request.run:
        tracked = await services.runs.get(request.run)
        if tracked is None:
            raise Stale("run.no_such", run=request.run)
        return [tracked]
    if place.thread and (bound := await services.runs.for_thread(place)):
        return [bound]
    of_channel = [tracked for tracked in await services.runs.for_channel(place) if tracked.started]
    runs = of_channel or [tracked for tracked in await services.runs.list_runs(active=True) if tracked.started]
    if not runs:
        raise no_run_error()
    return runs[:MOST_OPTIONS]


def _run_field(runs: Sequence[TrackedRun]) -> Field:
    names = run_names(runs, _OPTION_LENGTH)
    options = tuple(
        Option(tracked.handle, shorten(name, _OPTION_LENGTH)) for tracked, name in zip(runs, names, strict=True)
    )
    return Field("run", plain_text(translate("form.run")), "choice", options)


def _opened(field: FormField, tracked: TrackedRun | None, value: str) -> Field:
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
    )
