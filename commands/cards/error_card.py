"""Errors as people read them: what is true, that nothing changed, what to do."""

import re
from collections.abc import Mapping, Sequence

from adapters.errors import AdapterError, Conflict, OutcomeUnknown, Rejected, Unreachable
from adapters.toolkit.messages import load_messages
from commands.model.card import Answer, Button, Result, Text
from commands.model.errors import Ambiguous, CommandError
from commands.model.intents import Choose, Drop, OpenForm, Retry
from commands.model.messages import Message, Via
from commands.model.ports import CannotPost, Services
from commands.text.catalogue import plain_text, translate
from commands.text.phrases import ChoiceValues, button, choice, short_card, shorten

_MOST_REASONS = 8
_MOST_BUTTONS = 5  # of a choice
CAPABILITY_KEYS: Mapping[str, str] = {
    "start": "can.start",
    "finish": "can.finish",
    "begin": "can.begin",
    "skip": "can.skip",
    "hold": "can.hold",
    "reopen": "can.reopen",
    "assign": "can.assign",
    "add": "can.add",
    "status": "can.status",
    "comment": "can.comment",
    "end": "can.end",
    "do": "can.do",
    "approve": "can.approve",
    "reject": "can.reject",
}
_NOTHING = re.compile(r"(?<!\s)\s*\bNothing (?:was|is|has|changed)\b[^.]*\.", re.IGNORECASE)


class AlreadyDone(CommandError):
    """It is exactly as asked, by somebody before us: an answer, and no failure."""


def catalogue(platform: str, world: Services) -> Mapping[str, str]:
    """The sentences of the platform NAME's own folder."""
    kind = world.platform_types.get(platform)
    return load_messages(kind.messages) if kind else {}


def platform_title(platform: str, world: Services) -> str:
    """As people write it: "Mattermost Playbooks"; with its NAME where that says more."""
    kind = world.platform_types.get(platform)
    alike = [name for name, other in world.platform_types.items() if kind and other.kind == kind.kind]
    return platform if kind is None or len(alike) > 1 else kind.title


def adapter_error_text(error: AdapterError, world: Services) -> Text:
    """The sentence of an adapter's error, with the platform's own words behind it."""
    facts = {**error.facts, "platform": platform_title(error.platform, world), "said": error.said}
    if verb := CAPABILITY_KEYS.get(str(facts.get("verb", ""))):
        facts["verb"] = translate(verb)
    words = translate(error.key, catalogue(error.platform, world), **facts)
    return (*words, " ", *translate("platform.said", said=error.said)) if _to_quote(words, error) else words


def _to_quote(words: Text, error: AdapterError) -> bool:
    """Whether the platform said something that is not in our words. One that did not answer said nothing."""
    return bool(error.said) and not isinstance(error, Unreachable) and error.said not in plain_text(words)


def reason_lines(error: AdapterError | None) -> Sequence[Text]:
    """One bullet for each reason that the platform gave."""
    reasons = error.reasons if isinstance(error, Rejected) else ()
    return [translate("platform.reason", reason=shorten(reason, 300)) for reason in reasons[:_MOST_REASONS]]


def command_error_text(error: CommandError) -> Text:
    words = translate(error.key, **error.facts)
    rest = error.facts.get("rest") if isinstance(error, Ambiguous) else None
    return (*words, " ", *translate("choice.rest", rest=rest)) if rest else words


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


def append_nothing_changed(words: Text) -> Text:
    """Says so, where the sentence does not say by itself what was not done ("Nothing was started")."""
    return words if _NOTHING.search(plain_text(words)) else (*words, " ", *translate("said.nothing_changed"))


def strip_nothing_changed(words: Text) -> Text:
    """For a write that was done in part: whatever its last step's sentence says, something has changed."""
    return tuple(_NOTHING.sub("", span) if isinstance(span, str) else span for span in words)
