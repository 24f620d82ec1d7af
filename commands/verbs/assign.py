"""``assign``: tasks are somebody's."""

from adapters.writes import AssignTask, Op
from commands.language.references import RUN, example_of, name_person, tasks_end
from commands.lookup.person_lookup import person_named
from commands.model.card import Answer, Code
from commands.model.command import Command, Example, Line, Right, Scope
from commands.model.errors import BadArguments
from commands.model.intents import Assign
from commands.model.ports import CommandContext
from commands.operations.task_action import execute_on_tasks, require, required_run


def read(line: Line) -> Assign:
    named = name_person(line)
    if not named.text:
        raise BadArguments("parse.missing_person", field="person", example=Code(example_of(COMMAND, named.tasks)))
    return Assign(run=named.run, tasks=named.tasks, person=named.text)


async def handle(intent: Assign, context: CommandContext) -> Answer:
    known = required_run(context)
    require(context, known, Op.ASSIGN)
    actor = await person_named(intent.person, context, field="person")

    return await execute_on_tasks(intent, context, AssignTask, person=context.services.people.person(actor))


COMMAND = Command(
    verb="assign",
    usage="TASK… @u|me",
    summary="give tasks to somebody",
    intent=Assign,
    read=read,
    handle=handle,
    examples=(
        Example("assign T3 @ben", {"tasks": ("T3",), "person": "@ben"}),
        Example("assign T3,T4 to me", {"tasks": ("T3", "T4"), "person": "me"}),
        Example("assign promote the replica to @ben", {"tasks": ("promote the replica",), "person": "@ben"}),
    ),
    flags=(RUN,),
    scope=Scope.WRITE,
    right=Right.WRITE,
    op=Op.ASSIGN,
    leading_arguments=tasks_end,
)
