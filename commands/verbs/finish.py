"""``finish``: marks tasks as done, with a note. ``--then`` picks the branch that follows."""

from adapters.writes import FinishTask, Op
from commands.forms.fields import NOTE, task_form
from commands.language.flags import FIELDS_FLAG, field_options
from commands.language.references import RUN_FLAG, normalize_handle, parse_tasks, tasks_end
from commands.language.tokens import join_texts
from commands.lookup.task_lookup import find_task
from commands.model.card import Answer
from commands.model.command import Command, Example, Flag, FlagKind, ParsedLine, Right, Scope
from commands.model.intents import Finish
from commands.model.ports import CommandContext
from commands.operations.task_action import execute_on_tasks, required_run


def read(line: ParsedLine) -> Finish:
    arguments = parse_tasks(line)
    return Finish(
        run=arguments.run,
        tasks=arguments.tasks,
        note=join_texts(arguments.text, line.flags.get("note", "")),
        then=normalize_handle(line.flags.get("then", "")),
        options=field_options(line),
    )


async def handle(intent: Finish, context: CommandContext) -> Answer:
    tracked = required_run(context)
    then = None
    if intent.then:
        then = find_task(intent.then, tracked, context.message, context.services, field="then").id
    return await execute_on_tasks(intent, context, FinishTask, note=intent.note, then=then)


COMMAND = Command(
    verb="finish",
    intent=Finish,
    read=read,
    handle=handle,
    arguments="TASK… [NOTE] [--then TASK] [--set field=value]…",
    examples=(
        Example("finish T3 promoted by hand", {"tasks": ("T3",), "note": "promoted by hand"}),
        Example("finish T1-T3, T5 and T6", {"tasks": ("T1", "T2", "T3", "T5", "T6"), "note": ""}),
        Example("done T3 --then T5", {"tasks": ("T3",), "then": "T5"}),
        Example(
            'finish T3 --set "Change number=CHG-12"',
            {"tasks": ("T3",), "options": {"field:Change number": "CHG-12"}},
        ),
        Example("finish promote the replica", {"tasks": ("promote the replica",)}),
        Example("finish R7", {"run": "R7", "tasks": ()}),
    ),
    aliases=("done", "complete"),
    synonyms={
        "en": ("finished", "completed"),
        "pt": (
            "concluir",
            "conclui",
            "concluído",
            "concluída",
            "feito",
            "feita",
            "pronto",
            "terminar",
            "finalizar",
            "completar",
        ),
    },
    flags=(Flag("note", FlagKind.REST, hint="TEXT"), Flag("then", hint="TASK"), FIELDS_FLAG, RUN_FLAG),
    scope=Scope.WRITE,
    right=Right.WRITE,
    op=Op.FINISH,
    form=task_form(Finish, "form.title_finish", "form.submit_finish", NOTE),
    arguments_end=tasks_end,
)
