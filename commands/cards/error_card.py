"""Errors as people read them: what is true, that nothing changed, what to do."""

from collections.abc import Sequence

from adapters.errors import AdapterError, Conflict, OutcomeUnknown, Rejected
from commands.model.card import Answer, Button, Result
from commands.model.errors import Ambiguous, CommandError
from commands.model.intents import Choose, Drop, OpenForm, Retry
from commands.model.messages import Message, Via
from commands.model.ports import CannotPost, Services
from commands.text.catalogue import plain_text, translate
from commands.text.error_text import (
    adapter_error_text,
    append_nothing_changed,
    catalogue,
    command_error_text,
    reason_lines,
)
from commands.text.phrases import ChoiceValues, button, choice, short_card

_MOST_BUTTONS = 5  # of a choice


class AlreadyDone(CommandError):
    """It is exactly as asked, by somebody before us: an answer, and no failure."""


def cannot_post_error(error: CannotPost) -> CommandError:
    """We cannot post there: the person's to put right."""
    told = CommandError(error.key)
    told.facts = dict(error.facts)
    return told


def retry_button(message: Message) -> Button:
    """Carries the message out anew; of a form it opens the form, filled with what was said."""
    if message.via is Via.FORM:
        return button("button.again", OpenForm(about="retry", fill={"key": message.key}))
    return button("button.again", Retry(key=message.key))


def retry_buttons(error: AdapterError, message: Message) -> list[Button]:
    """[Try again] where that may help. A form can be put right when it opens again."""
    return [retry_button(message)] if error.may_pass or message.via is Via.FORM else []


def drop_button(message: Message) -> Button:
    return button("button.drop", Drop(key=message.key))


def confirmed_retry(
    error: AdapterError | None, message: Message, run: str, world: Services, task: str = ""
) -> list[Button]:
    """Where the platform would take a second try that says more: one button, or one for each of its choices."""
    if not isinstance(error, Rejected):
        return []
    if error.choices:
        of_task: ChoiceValues = {"tasks": (task,)} if task else {}
        words = catalogue(error.platform, world)
        return [
            choice(message.key, _with_options(run, options) | of_task, plain_text(translate(key, words)), of=task)
            for key, options in error.choices.items()
        ]
    if not error.retry_with:
        return []
    return [button("button.anyway", Choose(key=message.key, pick=_with_options(run, error.retry_with)))]


def _with_options(run: str, options: Sequence[str]) -> ChoiceValues:
    given = dict(option.partition("=")[::2] for option in options)
    return {"run": run, "options": {name: value or "true" for name, value in given.items()}, "confirmed": True}


def error_answer(error: CommandError | AdapterError, world: Services, message: Message) -> Answer:
    """The card of an error. A choice is a question; what was so already is done; all else failed."""
    if isinstance(error, CommandError):
        result: Result = "failed"
        if isinstance(error, Ambiguous):
            result = "question"
        if isinstance(error, AlreadyDone):
            result = "done"
        failed = result == "failed"
        retry = [retry_button(message)] if failed and message.via is Via.FORM else []
        buttons = [*error.buttons[: _MOST_BUTTONS - len(retry)], *retry]
        card = short_card(command_error_text(error), buttons=buttons, tone="warn" if failed else "")
        return Answer(private=card, result=result)
    words = adapter_error_text(error, world)
    if isinstance(error, Conflict) and error.already:
        return Answer(private=short_card(words))
    return Answer(
        private=short_card(
            words if isinstance(error, OutcomeUnknown) else append_nothing_changed(words),
            lines=reason_lines(error),
            buttons=retry_buttons(error, message),
            tone="bad",
        ),
        result="failed",
    )
