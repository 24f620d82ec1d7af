"""Errors as text: what happened, how things stand now, and what to do."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from pathlib import Path

from adapters.errors import AdapterError, Rejected, Unreachable
from adapters.toolkit.messages import LANGUAGES, current_language, load_messages
from commands.model.card import Text
from commands.model.errors import Ambiguous, CommandError
from commands.model.ports import Services
from commands.text.catalogue import fill, lazy, own_messages, plain_text, template, translate
from commands.text.phrases import clock, shorten

_MOST_REASONS = 8
_NOTHING = "nothing."


def platform_messages(platform: str, services: Services) -> Mapping[str, str]:
    """The catalogue of the platform with this NAME, in the current language.

    It has the platform's title already: an adapter doesn't know it, so it is no fact of a result or a note.
    """
    platform_type = services.platform_types.get(platform)
    if platform_type is None:
        return {}
    return _with_title(platform_type.messages, current_language(), platform_title(platform, services))


@lru_cache
def _with_title(path: Path, language: str, title: str) -> Mapping[str, str]:
    """``title`` takes the place of ``{platform}``, and keeps its own braces when the message is filled in."""
    written = title.replace("{", "{{").replace("}", "}}")
    return {key: text.replace("{platform}", written) for key, text in load_messages(path, language).items()}


def platform_title(platform: str, services: Services) -> str:
    """The product's title ("Mattermost Playbooks"), or the NAME where several platforms are of one kind."""
    platform_type = services.platform_types.get(platform)
    if platform_type is None:
        return platform
    same_kind = [other for other in services.platform_types.values() if other.kind == platform_type.kind]
    return platform if len(same_kind) > 1 else platform_type.title


def capability_text(text: str, platform: str, services: Services) -> str:
    """``Emulated.how`` or ``Unsupported.alternative``: a key of the platform's catalogue, or the text itself."""
    return platform_messages(platform, services).get(text) or own_messages().get(text, text)


def adapter_error_text(error: AdapterError, services: Services, *, nothing_changed: bool | None = None) -> Text:
    """The message of the error, followed by the platform's own text.

    ``nothing_changed`` True adds "Nothing changed." unless the message says so itself: for a write that was
    refused. False leaves it out: for a read, and for a write that went through in part. None keeps the message as
    it is.
    """
    times = {
        name: clock(fact, services.zone, services.now())
        for name, fact in error.facts.items()
        if isinstance(fact, datetime)
    }
    facts = {**error.facts, **times, "platform": platform_title(error.platform, services), "said": error.said}
    if (verb := f"can.{facts.get('verb')}") in own_messages():
        facts["verb"] = lazy(verb)
    if "instead" in facts:
        facts["instead"] = capability_text(str(facts["instead"]), error.platform, services)
    message = template(error.key, platform_messages(error.platform, services))
    if nothing_changed is not None:
        message = _with_nothing_changed(message) if nothing_changed else _without_nothing_changed(message)
    text = fill(message, facts)
    return (*text, " ", *translate("platform.said", said=error.said)) if _is_quoted(error, text) else text


def _is_quoted(error: AdapterError, text: Text) -> bool:
    """Whether the platform's text says more than ours. A platform that did not respond said nothing."""
    return bool(error.said) and not isinstance(error, Unreachable) and error.said not in plain_text(text)


def _with_nothing_changed(message: str) -> str:
    if any(sentence in message for sentence in _nothing_sentences()):
        return message
    return f"{message} {template('nothing.changed')}"


def _without_nothing_changed(message: str) -> str:
    for sentence in _nothing_sentences():
        message = message.replace(f" {sentence}", "").removeprefix(sentence).lstrip()
    return message


def _nothing_sentences() -> Sequence[str]:
    """In every language: a platform's catalogue may have no translation, and is shown in English then."""
    return [
        sentence
        for language in LANGUAGES
        for key, sentence in own_messages(language).items()
        if key.startswith(_NOTHING)
    ]


def reason_lines(error: AdapterError | None) -> Sequence[Text]:
    """One bullet for each reason that the platform gave."""
    reasons = error.reasons if isinstance(error, Rejected) else ()
    return [translate("platform.reason", reason=shorten(reason, 300)) for reason in reasons[:_MOST_REASONS]]


def command_error_text(error: CommandError) -> Text:
    text = translate(error.key, None, **error.facts)
    rest = error.facts.get("rest") if isinstance(error, Ambiguous) else None
    return (*text, " ", *translate("choice.rest", rest=rest)) if rest else text
