"""Errors as cards, with the buttons that may help."""

from collections.abc import Sequence
from dataclasses import replace

from adapters.errors import AdapterError, Conflict, OutcomeUnknown, Rejected, Unsupported
from adapters.toolkit.messages import in_language
from commands.lookup.earlier_message import plain_name
from commands.model.card import Answer, Button, Card, ClockTime, PeoplePicker, Result, Text
from commands.model.errors import Ambiguous, BadArguments, CommandError, NotAllowed
from commands.model.intents import Choose, Drop, OpenForm, Retry, Show
from commands.model.messages import Actor, Membership, Message, Via
from commands.model.ports import CannotPost, Services
from commands.text.catalogue import plain_text, translate
from commands.text.error_text import adapter_error_text, command_error_text, platform_messages, reason_lines
from commands.text.phrases import ChoiceValues, button, choice, short_card

_MOST_BUTTONS = 5  # of a choice


class AlreadyDone(CommandError):
    """The thing is already as asked. Answered as done, not as a failure."""


def cannot_post_error(error: CannotPost) -> CommandError:
    command_error = CommandError(error.key)
    command_error.facts = dict(error.facts)
    return command_error


def retry_button(message: Message) -> Button:
    """Sends the same command again; for a form, opens it again with its values."""
    if message.via is Via.FORM:
        return button("button.again", OpenForm(about="retry", fill={"key": message.key}))
    return button("button.again", Retry(key=message.key))


def retry_buttons(error: AdapterError, message: Message) -> list[Button]:
    """[Try again] where it may help. The values of a form can be corrected when it opens again."""
    return [retry_button(message)] if error.may_pass or message.via is Via.FORM else []


def drop_button(message: Message) -> Button:
    return button("button.drop", Drop(key=message.key))


def confirmed_retry(
    error: AdapterError | None, message: Message, run: str, services: Services, task: str = ""
) -> list[Button]:
    """Where the platform accepts a second try with more options: one button, or one for each of its choices."""
    if not isinstance(error, Rejected):
        return []
    if error.choices:
        of_task: ChoiceValues = {"tasks": (task,)} if task else {}
        messages = platform_messages(error.platform, services)
        return [
            choice(
                message.key, _with_options(run, options) | of_task, plain_text(translate(key, messages)), of=task
            )
            for key, options in error.choices.items()
        ]
    if not error.retry_with:
        return []
    return [button("button.anyway", Choose(key=message.key, values=_with_options(run, error.retry_with)))]


def _with_options(run: str, options: Sequence[str]) -> ChoiceValues:
    given = dict(option.partition("=")[::2] for option in options)
    return {"run": run, "options": {name: value or "true" for name, value in given.items()}, "confirmed": True}


def error_answer(
    error: CommandError | AdapterError, services: Services, message: Message, *, is_write: bool = False
) -> Answer:
    """The answer to a message that raised ``error``, in the current language. ``is_write``: it wanted a change."""
    with in_language(services.language):
        channel_title = _error_card(error, services, message, is_write).title
    card = _error_card(error, services, message, is_write)
    return Answer(private=card, channel_title=channel_title, result=_result(error))


def _error_card(error: CommandError | AdapterError, services: Services, message: Message, is_write: bool) -> Card:
    if isinstance(error, CommandError):
        failed = _result(error) == "failed"
        may_help = failed and message.via is Via.FORM and not _is_certain(error, message)
        retry = [retry_button(message)] if may_help else []
        buttons = [*error.buttons, *_suggestion_buttons(error, message)][: _MOST_BUTTONS - len(retry)]
        buttons += retry
        card = short_card(command_error_text(error), buttons=buttons, tone="warn" if failed else "")
        return replace(card, picker=_people_picker(error, message))
    if isinstance(error, Conflict) and error.already:
        return short_card(adapter_error_text(error, services))
    return short_card(
        refusal_text(error, services) if is_write else adapter_error_text(error, services, nothing_changed=False),
        lines=reason_lines(error),
        buttons=retry_buttons(error, message),
        tone="bad",
    )


def _is_certain(error: CommandError, message: Message) -> bool:
    """Whether this person may not do it, whatever they enter."""
    return isinstance(error, NotAllowed) and message.actor.membership is not Membership.UNKNOWN


def _suggestion_buttons(error: CommandError, message: Message) -> list[Button]:
    """They complete the command, so it must have been understood but for this value."""
    suggestions = error.suggestions if isinstance(error, BadArguments) else ()
    return [choice(message.key, dict(values), label) for label, values in suggestions]


def _people_picker(error: CommandError, message: Message) -> PeoplePicker | None:
    """A form has one already."""
    if error.wanted is None or message.via is Via.FORM:
        return None
    label = plain_text(translate("menu.person"))
    return PeoplePicker(label, Choose(key=message.key, values=dict(error.wanted.values)), error.wanted.field)


def refusal_text(error: AdapterError, services: Services) -> Text:
    """Of a write that did not go through. An unknown outcome may have changed something, and nobody believes that
    something unsupported did."""
    as_it_is = isinstance(error, OutcomeUnknown | Unsupported)
    return adapter_error_text(error, services, nothing_changed=None if as_it_is else True)


def _result(error: CommandError | AdapterError) -> Result:
    match error:
        case Ambiguous():
            return "question"
        case AlreadyDone() | Conflict(already=True):
            return "done"
    return "failed"


def busy_answer(message: Message, handle: str) -> Answer:
    """A start in this channel or thread takes longer than messages are held back for it.

    ``handle`` is empty until its runbook is found.
    """
    text = translate("start.busy", run=handle) if handle else translate("start.busy_unnamed")
    buttons = [retry_button(message)]
    if handle:
        buttons.append(button("button.show", Show(run=handle, what=handle, kind="run"), what=handle))
    return Answer(private=short_card(text, buttons=buttons, tone="warn"), result="failed")


def just_changed_answer() -> Answer:
    """The card was redrawn just before its button was pressed."""
    return Answer(private=short_card(translate("said.just_changed"), tone="warn"), result="failed")


def bot_stopped_answer(bot: Actor, most: int, until: ClockTime) -> Answer:
    """For everybody in the place: the bot itself is not heard until then."""
    text = translate("said.bot_stopped", bot=plain_name(bot), count=most, until=until)
    return Answer(public=short_card(text, tone="warn"), result="failed")


def fault_answer(id: str) -> Answer:
    """A bug. The log has the same ``id``."""
    return Answer(private=short_card(translate("said.fault", id=id), tone="bad"), result="failed")
