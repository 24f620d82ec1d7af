"""People mentioned in a text, by the chat's ids: platforms get their names."""

import re

from adapters.toolkit.people import is_chat_id
from commands.model.errors import CommandError
from commands.model.intents import Intent
from commands.model.messages import Message
from commands.model.ports import Services

_TEXTS = ("text", "note", "reason", "title", "name")  # fields of intents that people write sentences in
_MENTION = re.compile(r"@([A-Za-z0-9]{3,26})\b")
_MOST_PEOPLE = 20  # of one text


async def with_names(intent: Intent, message: Message, services: Services) -> Intent:
    """ "ask @U0BEN first" becomes "ask Ben first". Whoever cannot be looked up stays as they are."""
    texts = {name: getattr(intent, name, "") for name in _TEXTS}
    ids = {id for text in texts.values() for id in _MENTION.findall(text) if is_chat_id(id)}
    names: dict[str, str] = {}
    for id in sorted(ids)[:_MOST_PEOPLE]:
        try:
            found = await services.people.find(id, message)
        except CommandError:
            continue
        if len(found) == 1:
            names[id] = found[0].display_name
    if not names:
        return intent
    changed = {
        name: _MENTION.sub(lambda mention: names.get(mention[1], mention[0]), text)
        for name, text in texts.items()
        if text
    }
    return intent.model_copy(update=changed)
