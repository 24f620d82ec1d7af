"""``end all good``: words after ``end`` that name no run may be the closing message."""

from collections.abc import Sequence

from commands.language.tokens import join_texts
from commands.lookup.run_lookup import find_run, find_run_of_place, run_choices
from commands.model.card import Button
from commands.model.errors import Ambiguous, CommandError, Missing
from commands.model.intents import Choose, Drop, End
from commands.model.messages import Message
from commands.model.ports import Services
from commands.model.tracked_run import TrackedRun
from commands.text.catalogue import plural
from commands.text.phrases import button, choice, label, run_name, shorten


async def find_run_to_end(intent: End, message: Message, services: Services) -> TrackedRun:
    """The run that the intent names. If it names none, asks about the one run that is active here."""
    try:
        return await find_run(intent.run, message, services, op=services.commands[intent.verb].op)
    except Missing as error:
        here = await find_run_of_place(message, services)
        if error.key != "run.none_named" or "://" in intent.run or here is None or here.run.state.is_over:
            raise
        guesses = [guess for guess in error.buttons if isinstance(guess.intent, Choose)]
        if any(guess in guesses for guess in run_choices([here], message)):
            raise  # its name, mistyped
        raise _is_it_the_message(intent, here, guesses, message) from error


def _is_it_the_message(intent: End, here: TrackedRun, guesses: Sequence[Button], message: Message) -> CommandError:
    open_tasks = [here.task_handle(task.id) for task in here.run.tasks if not task.state.is_over]
    text = join_texts(intent.run, intent.text)
    end = choice(
        message.key,
        {"run": here.handle, "text": text, "confirmed": True},
        label("button.end", run=here.handle),
    )
    return Ambiguous(
        plural("end.words_open", len(open_tasks)) if open_tasks else "end.words",
        words=intent.run,
        run=run_name(here),
        count=len(open_tasks),
        tasks=shorten(", ".join(open_tasks), 80),
        buttons=[end, *guesses, button("button.leave", Drop(key=message.key))],
    )
