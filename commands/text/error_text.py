"""Errors as text: what happened, that nothing changed, and what to do."""

import re
from collections.abc import Mapping, Sequence

from adapters.errors import AdapterError, Rejected, Unreachable
from adapters.toolkit.messages import load_messages
from commands.model.card import Text
from commands.model.errors import Ambiguous, CommandError
from commands.model.ports import Services
from commands.text.catalogue import plain_text, translate
from commands.text.phrases import shorten

_MOST_REASONS = 8
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


def append_nothing_changed(words: Text) -> Text:
    """Says so, where the sentence does not say by itself what was not done ("Nothing was started")."""
    return words if _NOTHING.search(plain_text(words)) else (*words, " ", *translate("said.nothing_changed"))


def strip_nothing_changed(words: Text) -> Text:
    """For a write that was done in part: whatever its last step's sentence says, something has changed."""
    return tuple(_NOTHING.sub("", span) if isinstance(span, str) else span for span in words)
