"""``assign``: assigns tasks to somebody."""

from adapters.writes import AssignTask, Op
from commands.forms.fields import PERSON, task_form
from commands.language.references import RUN_FLAG, example_with_tasks, parse_tasks_and_person, tasks_end
from commands.lookup.person_lookup import find_person
from commands.model.card import Answer, Code
from commands.model.command import Command, Example, ParsedLine, Right, Scope
from commands.model.errors import BadArguments
from commands.model.intents import Assign
from commands.model.ports import CommandContext
from commands.operations.new_readers import ask_before_assigning
from commands.operations.task_action import execute_on_tasks, require, required_run


def read(line: ParsedLine) -> Assign:
    arguments = parse_tasks_and_person(line)
    if not arguments.text:
        example = Code(example_with_tasks(COMMAND, arguments.tasks))
        raise BadArguments("parse.missing_person", field="person", example=example)
    return Assign(run=arguments.run, tasks=arguments.tasks, person=arguments.text)


async def handle(intent: Assign, context: CommandContext) -> Answer:
    tracked = required_run(context)
    require(context, tracked, Op.ASSIGN)
    actor = await find_person(intent.person, context, field="person")
    if not intent.confirmed:
        await ask_before_assigning(actor, tracked, context)
    person = context.services.people.person(actor)
    return await execute_on_tasks(intent, context, AssignTask, person=person, take_over=intent.take_over)


COMMAND = Command(
    verb="assign",
    intent=Assign,
    read=read,
    handle=handle,
    arguments="TASK… @u|me",
    examples=(
        Example("assign T3 @ben", {"tasks": ("T3",), "person": "@ben"}),
        Example("assign T3,T4 to me", {"tasks": ("T3", "T4"), "person": "me"}),
        Example("assign promote the replica to @ben", {"tasks": ("promote the replica",), "person": "@ben"}),
    ),
    synonyms={"pt": ("atribuir", "designar")},
    flags=(RUN_FLAG,),
    scope=Scope.WRITE,
    right=Right.WRITE,
    op=Op.ASSIGN,
    form=task_form(Assign, "form.title_assign", "form.submit_assign", PERSON),
    arguments_end=tasks_end,
)
