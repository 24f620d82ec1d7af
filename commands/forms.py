"""Forms: opened from the snapshot alone, checked without it (DESIGN section 4, "Buttons and forms").

A form's ``about`` says what its submission becomes; "retry" opens the form of an earlier message's command, with
what was said filled in. ``submit`` is pure: required, length, WHEN, and the choices it knows itself.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from adapters.errors import AdapterError
from adapters.writes import Op
from commands.cards import Field, Form, Option
from commands.errors import BadArguments, CommandError, Stale
from commands.fields import FIELDS
from commands.filling import retried
from commands.intents import OpenForm, Start
from commands.matching import match
from commands.messages import Actor, Place
from commands.offering import is_supported
from commands.parser import parse
from commands.past import original
from commands.phrases import run_name, short, task_name
from commands.ports import KnownRun, World
from commands.resolve import no_run
from commands.runbooknames import shelf
from commands.sentences import plain, say
from commands.submitting import Wrong, submit
from commands.taskrows import shown_tasks

_MOST_OPTIONS = 100
_TITLES: Mapping[str, str] = {
    "status": "form.title_status",
    "comment": "form.title_comment",
    "more": "form.title_more",
    "start": "form.title_start",
    "add": "form.title_add",
}
_BARE: Mapping[str, str] = {"parse.missing_text": "comment", "parse.missing_title": "add"}


async def open_form(wanted: OpenForm, actor: Actor, place: Place, world: World) -> Form:
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
        title=plain(say(_TITLES[wanted.about])),
        submit=plain(say("form.send")),
        fields=tuple(fields),
        lead=say("form.lead", run=run_name(known)) if known else (),
    )


def _doable(options: Sequence[Option], world: World, known: KnownRun | None) -> tuple[Option, ...]:
    """Nobody is offered what the run's platform refuses; a hold that only we keep can be let go anywhere."""
    holds = bool(known and known.kept.holds)
    return tuple(
        one
        for one in options
        if is_supported(Op(one.value), world, known) or (holds and one.value == Op.REOPEN.value)
    )


async def _retry(wanted: OpenForm, world: World) -> OpenForm:
    intent = await original(wanted.fill.get("key", ""), world)
    if intent is None:
        raise Stale("form.gone")
    return retried(intent)


async def _runs(wanted: OpenForm, place: Place, world: World) -> Sequence[KnownRun]:
    """The run the form is for; several when the place has several, and one must be chosen."""
    if wanted.run:
        known = await world.runs.get(wanted.run)
        if known is None:
            raise Stale("run.no_such", run=wanted.run)
        return [known]
    if place.thread and (bound := await world.runs.of_thread(place)):
        return [bound]
    here = [known for known in await world.runs.of_channel(place) if known.started]
    runs = here or [known for known in await world.runs.known(active=True) if known.started]
    if not runs:
        raise no_run()
    return runs[:_MOST_OPTIONS]


def _run_field(runs: Sequence[KnownRun]) -> Field:
    options = tuple(Option(known.handle, short(run_name(known), 70)) for known in runs)
    return Field("run", plain(say("form.run")), "choice", options)


def _stages(known: KnownRun, fill: Mapping[str, str]) -> Field:
    options = tuple(Option(short(stage.title, 70), short(stage.title, 70)) for stage in known.run.stages)
    return Field(
        "stage", plain(say("form.stage")), "choice", options[:_MOST_OPTIONS], fill.get("stage", ""), optional=True
    )


def _filled(field: Field, fill: Mapping[str, str], known: KnownRun | None) -> Field:
    value = fill.get(field.name, "")
    options = field.options
    if field.name == "task" and known is not None and value:
        options = tuple(option for option in task_options(known, "") if option.value == value)
    return Field(field.name, field.label, field.kind, options, value, field.hint, field.optional, field.longest)


async def options(about: str, run: str, field: str, typed: str, world: World) -> Sequence[Option]:
    """For ``search`` fields; at most 100."""
    if field == "runbook":
        return await _runbook_options(typed, world)
    known = await world.runs.get(run) if run else None
    return task_options(known, typed) if known is not None and field == "task" else []


async def _runbook_options(typed: str, world: World) -> Sequence[Option]:
    try:
        on = await shelf(typed, "", world)
    except AdapterError:
        return []  # the field takes a typed title as well
    found = match(typed, [(runbook.title, runbook) for runbook in on.runbooks])
    runbooks = [found.one] if found.one else [*found.several, *found.guesses]
    return [
        Option(str(runbook.key), short(f"{runbook.title} ({runbook.key.platform})", 70))
        for runbook in runbooks[:_MOST_OPTIONS]
    ]


def task_options(known: KnownRun, typed: str) -> Sequence[Option]:
    """Open tasks first; what was typed narrows them, by handle or title."""
    tasks = sorted(shown_tasks(known), key=lambda task: task.state.is_over)
    if typed.strip():
        by_handle = [task for task in tasks if known.task_handle(task.id).casefold() == typed.strip().casefold()]
        found = match(typed, [(task.title, task) for task in tasks])
        tasks = by_handle or ([found.one] if found.one else [*found.several, *found.guesses])
    return [
        Option(handle, short(f"{task_name(known, task)} ({task.state.value})", 70))
        for task in tasks[:_MOST_OPTIONS]
        if (handle := known.task_handle(task.id))
    ]


def wants_form(text: str, world: World) -> OpenForm | None:
    """A line that names only what to do, where a form asks for the rest. Pure."""
    try:
        intent = parse(text, world.aliases, root=world.root, mention=world.mention)
    except BadArguments as error:
        about = _BARE.get(error.key)
        return OpenForm.model_validate({"about": about}) if about else None
    except CommandError:
        return None
    return retried(intent) if isinstance(intent, Start) and not intent.runbook else None


__all__ = ["Wrong", "open_form", "options", "submit", "task_options", "wants_form"]
