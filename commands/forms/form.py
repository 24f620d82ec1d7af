"""Forms: opened from the snapshot alone, checked without it (DESIGN section 4, "Buttons and forms").

A form's ``about`` says what its submission becomes; "retry" opens the form of an earlier message's command, with
what was said filled in. ``submit`` is pure: required, length, WHEN, and the choices it knows itself.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from adapters.errors import AdapterError
from adapters.writes import Op
from commands.cards.task_row import shown_tasks
from commands.forms.fields import FIELDS
from commands.forms.prefill import prefilled_form
from commands.forms.submission import FormErrors, submit
from commands.language.parser import parse
from commands.lookup.earlier_message import original_intent
from commands.lookup.fuzzy import match
from commands.lookup.run_lookup import no_run
from commands.lookup.runbook_lookup import search_runbooks
from commands.model.card import Field, Form, Option
from commands.model.errors import BadArguments, CommandError, Stale
from commands.model.intents import OpenForm, Start
from commands.model.messages import Actor, Place
from commands.model.ports import Services
from commands.model.tracked_run import TrackedRun
from commands.operations.platform_actions import is_supported_on
from commands.text.catalogue import plain_text, translate
from commands.text.phrases import run_name, shorten, task_name, task_state_name

_MOST_OPTIONS = 100
_TITLES: Mapping[str, str] = {
    "status": "form.title_status",
    "comment": "form.title_comment",
    "more": "form.title_more",
    "start": "form.title_start",
    "add": "form.title_add",
}
_BARE: Mapping[str, str] = {"parse.missing_text": "comment", "parse.missing_title": "add"}


async def open_form(wanted: OpenForm, actor: Actor, place: Place, world: Services) -> Form:
    """From the store only. Raises ``CommandError`` where there is nothing to fill in."""
    if wanted.about == "retry":
        wanted = await _retry(wanted, world)
    runs = [] if wanted.about == "start" else await _runs(wanted, place, world)
    known = runs[0] if len(runs) == 1 else None
    fields = [_filled(field, wanted.fill, known) for field in FIELDS[wanted.about]]
    if wanted.about == "more":
        fields[0] = replace(fields[0], options=_doable(fields[0].options, world, known))
    if wanted.about == "add" and known is not None and known.run.stages:
        fields.append(_stages(known, wanted.fill))
    if len(runs) > 1:
        fields.insert(0, _run_field(runs))
    return Form(
        about=wanted.about,
        run=known.handle if known else "",
        title=plain_text(translate(_TITLES[wanted.about])),
        submit=plain_text(translate("form.send")),
        fields=tuple(fields),
        intro=translate("form.lead", run=run_name(known)) if known else (),
    )


def _doable(options: Sequence[Option], world: Services, known: TrackedRun | None) -> tuple[Option, ...]:
    """Nobody is offered what the run's platform refuses; a hold that only we keep can be let go anywhere."""
    holds = bool(known and known.overlay.holds)
    return tuple(
        one
        for one in options
        if is_supported_on(Op(one.value), world, known) or (holds and one.value == Op.REOPEN.value)
    )


async def _retry(wanted: OpenForm, world: Services) -> OpenForm:
    intent = await original_intent(wanted.fill.get("key", ""), world)
    if intent is None:
        raise Stale("form.gone")
    return prefilled_form(intent)


async def _runs(wanted: OpenForm, place: Place, world: Services) -> Sequence[TrackedRun]:
    """The run the form is for; several when the place has several, and one must be chosen."""
    if wanted.run:
        known = await world.runs.get(wanted.run)
        if known is None:
            raise Stale("run.no_such", run=wanted.run)
        return [known]
    if place.thread and (bound := await world.runs.for_thread(place)):
        return [bound]
    here = [known for known in await world.runs.for_channel(place) if known.started]
    runs = here or [known for known in await world.runs.list_runs(active=True) if known.started]
    if not runs:
        raise no_run()
    return runs[:_MOST_OPTIONS]


def _run_field(runs: Sequence[TrackedRun]) -> Field:
    options = tuple(Option(known.handle, shorten(run_name(known), 70)) for known in runs)
    return Field("run", plain_text(translate("form.run")), "choice", options)


def _stages(known: TrackedRun, fill: Mapping[str, str]) -> Field:
    options = tuple(Option(shorten(stage.title, 70), shorten(stage.title, 70)) for stage in known.run.stages)
    return Field(
        "stage",
        plain_text(translate("form.stage")),
        "choice",
        options[:_MOST_OPTIONS],
        fill.get("stage", ""),
        optional=True,
    )


def _filled(field: Field, fill: Mapping[str, str], known: TrackedRun | None) -> Field:
    value = fill.get(field.name, "")
    options = field.options
    if field.name == "task" and known is not None and value:
        options = tuple(option for option in task_options(known, "") if option.value == value)
    return Field(field.name, field.label, field.kind, options, value, field.hint, field.optional, field.longest)


async def options(about: str, run: str, field: str, typed: str, world: Services) -> Sequence[Option]:
    """For ``search`` fields; at most 100."""
    if field == "runbook":
        return await _runbook_options(typed, world)
    known = await world.runs.get(run) if run else None
    return task_options(known, typed) if known is not None and field == "task" else []


async def _runbook_options(typed: str, world: Services) -> Sequence[Option]:
    try:
        on = await search_runbooks(typed, "", world)
    except AdapterError:
        return []  # the field takes a typed title as well
    found = match(typed, [(runbook.title, runbook) for runbook in on.runbooks])
    runbooks = [found.one] if found.one else [*found.several, *found.guesses]
    return [
        Option(str(runbook.key), shorten(f"{runbook.title} ({runbook.key.platform})", 70))
        for runbook in runbooks[:_MOST_OPTIONS]
    ]


def task_options(known: TrackedRun, typed: str) -> Sequence[Option]:
    """Open tasks first; what was typed narrows them, by handle or title."""
    tasks = sorted(shown_tasks(known), key=lambda task: task.state.is_over)
    if typed.strip():
        by_handle = [task for task in tasks if known.task_handle(task.id).casefold() == typed.strip().casefold()]
        found = match(typed, [(task.title, task) for task in tasks])
        tasks = by_handle or ([found.one] if found.one else [*found.several, *found.guesses])
    return [
        Option(handle, shorten(f"{task_name(known, task)} ({task_state_name(task.state)})", 70))
        for task in tasks[:_MOST_OPTIONS]
        if (handle := known.task_handle(task.id))
    ]


def wants_form(text: str, world: Services) -> OpenForm | None:
    """A line that names only what to do, where a form asks for the rest. Pure."""
    try:
        intent = parse(text, world.commands, world.aliases, root=world.root_command, mention=world.mention)
    except BadArguments as error:
        about = _BARE.get(error.key)
        return OpenForm.model_validate({"about": about}) if about else None
    except CommandError:
        return None
    return prefilled_form(intent) if isinstance(intent, Start) and not intent.runbook else None


__all__ = ["FormErrors", "open_form", "options", "submit", "task_options", "wants_form"]
