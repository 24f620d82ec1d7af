"""``assign``: assigns tasks to somebody."""

from collections.abc import Sequence

from adapters.writes import AssignTask, Op
from commands.forms.fields import PEOPLE, task_form
from commands.language.people import parse_tasks_and_person
from commands.language.references import RUN_FLAG, TaskArguments, example_with_tasks, tasks_end
from commands.lookup.person_lookup import find_people, person_names
from commands.model.card import Answer, Code
from commands.model.command import Command, Example, ParsedLine, Right, Scope
from commands.model.errors import Ambiguous, BadArguments, PersonWanted
from commands.model.intents import Assign
from commands.model.messages import Actor
from commands.model.ports import CommandContext
from commands.model.tracked_run import TrackedRun
from commands.operations.new_readers import ask_before_assigning
from commands.operations.task_action import execute_on_tasks, require, required_run
from commands.text.error_text import platform_title
from commands.text.phrases import MOST_CHOICES, choice


def read(line: ParsedLine) -> Assign:
    arguments = parse_tasks_and_person(line)
    if not arguments.text:
        example = Code(example_with_tasks(COMMAND, arguments.tasks))
        missing = BadArguments("parse.missing_person", field="person", example=example)
        raise missing.asking_for(_person_wanted(arguments) if arguments.tasks else None)
    return Assign(run=arguments.run, tasks=arguments.tasks, person=arguments.text)


def _person_wanted(arguments: TaskArguments) -> PersonWanted:
    return PersonWanted("person", {"verb": "assign", "run": arguments.run, "tasks": arguments.tasks})


async def handle(intent: Assign, context: CommandContext) -> Answer:
    tracked = required_run(context)
    require(context, tracked, Op.ASSIGN)
    actors = await find_people(intent.person, context, field="person")
    if len(actors) > 1:
        _require_several(actors, tracked, context)
    if not intent.confirmed:
        await ask_before_assigning(actors, tracked, context)
    people = [context.services.people.person(actor) for actor in actors]
    each = [{"person": person, "also": number > 0} for number, person in enumerate(people)]
    return await execute_on_tasks(intent, context, AssignTask, each=each, take_over=intent.take_over)


def _require_several(actors: Sequence[Actor], tracked: TrackedRun, context: CommandContext) -> None:
    """Raises ``Ambiguous``, with a button for each person, where a task has one assignee."""
    name = tracked.run.key.platform
    platform_type = context.services.platform_types.get(name)
    if platform_type is None or platform_type.several_assignees:
        return
    pairs = list(zip(actors, person_names(actors), strict=True))[:MOST_CHOICES]
    buttons = [
        choice(context.message.key, {"run": tracked.handle, "person": actor.id}, shown) for actor, shown in pairs
    ]
    raise Ambiguous("assign.one_only", platform=platform_title(name, context.services), buttons=buttons)


COMMAND = Command(
    verb="assign",
    intent=Assign,
    read=read,
    handle=handle,
    arguments="TASK… @u…|me",
    examples=(
        Example("assign T3 @ben", {"tasks": ("T3",), "person": "@ben"}),
        Example("assign T3 @ana and @ben", {"tasks": ("T3",), "person": "@ana and @ben"}),
        Example("assign T3,T4 to me", {"tasks": ("T3", "T4"), "person": "me"}),
        Example("assign promote the replica to @ben", {"tasks": ("promote the replica",), "person": "@ben"}),
    ),
    synonyms={"pt": ("atribuir", "designar")},
    flags=(RUN_FLAG,),
    scope=Scope.WRITE,
    right=Right.WRITE,
    op=Op.ASSIGN,
    form=task_form(Assign, "form.title_assign", "form.submit_assign", PEOPLE),
    arguments_end=tasks_end,
)
