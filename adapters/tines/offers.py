"""What can be pressed about a case: its own buttons (case actions), and the stories that the settings name.

There is no call that presses a button: a ``webhook`` action is POSTed to by whoever presses it, with its
``query_params`` appended, and a ``page`` is for people (sheet 2.1 B, L11854-11928). A story starts by its webhook
alone (2.1 A). Neither leaves anything by which a press could be found again.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pydantic import SecretStr

from adapters.errors import Conflict
from adapters.models import Offer
from adapters.protocol import DoOffer, Mark, Told
from adapters.tines import links, wire
from adapters.tines.reading import Reading
from adapters.tines.tasks import run_id
from adapters.tines.webhooks import Webhooks

_STORY = "story:"
_LONGEST = 60  # letters of a label


@dataclass
class Offers:
    reading: Reading
    webhooks: Webhooks
    stories: Mapping[str, SecretStr]  # name -> the address of its webhook

    async def of(self, case: str) -> Sequence[Offer]:
        actions = await self.reading.actions(case, "do")
        theirs = [offer for one in actions if (offer := self._offer(one)) is not None]
        return [*theirs, *(_of_story(name) for name in self.stories)]

    async def carry(self, step: DoOffer, mark: Mark) -> Told:
        """An action is looked up just before: what was confirmed is what is sent, or nothing is."""
        body = {"case_id": _number(run_id(step)), "pressed_by": mark.who, "receipt": mark.code}
        story = self.stories.get(step.offer.removeprefix(_STORY)) if step.offer.startswith(_STORY) else None
        if story is not None:
            await self.webhooks.post(story.get_secret_value(), {**body, "story": step.label})
            return Told(says="tines.pressed")
        for action in await self.reading.actions(run_id(step), "do"):
            offer = self._offer(action)
            if offer is not None and offer.id == step.offer and not offer.link:
                await self.webhooks.post(action.url, {**body, "action": action.label}, action.query_params)
                return Told(says="tines.pressed")
        raise Conflict(self.reading.caller.platform, "do", key="tines.offer_gone", label=step.label)

    def _offer(self, action: wire.Button) -> Offer | None:
        """None for what can be neither called nor opened."""
        name = " ".join((action.label or action.action_text).split())[:_LONGEST]
        host = links.host_of(action.url)
        if not name or host is None:
            return None
        facts = {"name": name, "host": host}
        if action.action_type != "webhook":
            return Offer(id=_id(action), label="tines.offer", facts=facts, link=links.shown(action.url) or "")
        if not self.webhooks.may_call(action.url):
            return None
        return Offer(id=_id(action), label="tines.offer", warning="tines.offer_action", facts=facts)


def _id(action: wire.Button) -> str:
    """Another address or other parameters make it another offer."""
    whole = json.dumps([action.url, action.action_type, action.label, action.query_params], sort_keys=True)
    return f"action:{action.id}:{hashlib.sha256(whole.encode()).hexdigest()[:12]}"


def _of_story(name: str) -> Offer:
    return Offer(id=f"{_STORY}{name}", label="tines.offer", warning="tines.offer_story", facts={"name": name})


def _number(case: str) -> int | str:
    return int(case) if case.isdecimal() else case
