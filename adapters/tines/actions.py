"""What can be pressed about a case: its own buttons (case actions), the stories that the settings name, and what
the case itself can do beyond the verbs.

There is no call that presses a button: a ``webhook`` action is POSTed to by whoever presses it, with its
``query_params`` appended, and a ``page`` is for people (sheet 2.1 B, L11854-11928). A story starts by its webhook
alone (2.1 A). Neither leaves anything by which a press could be found again.
"""

import asyncio
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pydantic import SecretStr

from adapters.errors import Conflict
from adapters.models import PlatformAction, Run
from adapters.tines import links, wire
from adapters.tines.extras import FOLLOW, Extras, is_priority
from adapters.tines.reads import Reads
from adapters.tines.stories import Stories, activity, folded
from adapters.tines.webhooks import Webhooks
from adapters.writes import Indeterminate, PerformAction, Reconciliation, Recovery, WriteMarker, WriteResult

WEBHOOK = "webhook"  # a kind of action; the other is "page"
_STORY = "story:"
_LONGEST = 60  # letters of a label


@dataclass
class Offers:
    reading: Reads
    webhooks: Webhooks
    extras: Extras
    going_on: Stories
    stories: Mapping[str, SecretStr]  # name -> the address of its webhook

    async def of(self, run: Run) -> Sequence[PlatformAction]:
        actions, stories = await asyncio.gather(self.reading.actions(run.key.id, "do"), self._stories())
        theirs = [offer for one in actions if (offer := self._offer(one, actions)) is not None]
        labels = {folded(offer.facts["name"]) for offer in theirs}
        apart = [_told_apart(story, labels) for story in stories]
        return [*theirs, *apart, *([] if run.state.is_over else self.extras.of(run.key.id))]

    def names(self, actions: Sequence[wire.Action]) -> tuple[str, ...]:
        """Of the case's buttons that can be pressed from here: for its card."""
        found = [_name(one) for one in actions if one.action_type == WEBHOOK and self.webhooks.may_call(one.url)]
        return tuple(dict.fromkeys(filter(None, found)))

    def recovery(self, step: PerformAction) -> Recovery:
        if step.action == FOLLOW:
            return Recovery.LOOKUP
        return Recovery.IDEMPOTENT if is_priority(step) else Recovery.MANUAL

    async def reconcile(self, step: PerformAction) -> Reconciliation:
        if self.recovery(step) is Recovery.MANUAL:
            return Indeterminate()
        return await self.extras.reconcile(step)

    async def execute(self, step: PerformAction, mark: WriteMarker) -> WriteResult:
        """An action is looked up just before: what was confirmed is what is sent, or nothing is."""
        if self.recovery(step) is not Recovery.MANUAL:
            return await self.extras.execute(step)
        body = {"case_id": _number(step.run_id), "pressed_by": mark.who, "receipt": mark.code}
        name = step.action.removeprefix(_STORY)
        story = self.stories.get(name) if step.action.startswith(_STORY) else None
        if story is not None:
            await self.webhooks.post(story.get_secret_value(), {**body, "story": name})
            return WriteResult(message="tines.pressed")
        actions = await self.reading.actions(step.run_id, "do")
        for action in actions:
            offer = self._offer(action, actions)
            if offer is not None and offer.id == step.action and not offer.link:
                await self.webhooks.post(action.url, {**body, "action": action.label}, action.query_params)
                return WriteResult(message="tines.pressed")
        raise Conflict(self.reading.caller.platform, "do", key="tines.offer_gone", label=step.label)

    async def _stories(self) -> Sequence[PlatformAction]:
        """Those of the settings, with what Tines says of the story of that name."""
        if not self.stories:
            return ()
        known = await self.going_on.named()
        return [_of_story(name, known.get(folded(name))) for name in self.stories]

    def _offer(self, action: wire.Button, all: Sequence[wire.Button]) -> PlatformAction | None:
        """None for what can be neither called nor opened."""
        name = _name(action)
        host = links.host_of(action.url)
        if not name or host is None:
            return None
        if sum(folded(_name(one)) == folded(name) for one in all) > 1:
            name = f"{name} ({action.action_text.strip() or action.id})"
        facts = {"name": name, "host": host}
        if action.action_type != WEBHOOK:
            return PlatformAction(
                id=_id(action), label="tines.offer", facts=facts, link=links.shown(action.url) or ""
            )
        if not self.webhooks.may_call(action.url):
            return None
        return PlatformAction(id=_id(action), label="tines.offer", warning="tines.offer_action", facts=facts)


def _name(action: wire.Action) -> str:
    return " ".join((action.label or action.action_text).split())[:_LONGEST]


def _id(action: wire.Button) -> str:
    """Another address or other parameters make it another offer."""
    whole = json.dumps([action.url, action.action_type, action.label, action.query_params], sort_keys=True)
    return f"action:{action.id}:{hashlib.sha256(whole.encode()).hexdigest()[:12]}"


def _of_story(name: str, story: wire.Story | None) -> PlatformAction:
    offer = PlatformAction(
        id=f"{_STORY}{name}", label="tines.offer", warning="tines.offer_story", facts={"name": name}
    )
    if story is None:
        return offer
    if story.disabled:
        return offer.model_copy(update={"warning": "tines.offer_story_disabled"})
    facts = activity(story)
    if not facts:
        return offer
    how = "broken" if "broken" in facts else "busy"
    said = {"warning": f"tines.offer_story_{how}", "note": f"tines.story_{how}", "facts": {"name": name, **facts}}
    return offer.model_copy(update=said)


def _told_apart(story: PlatformAction, buttons: set[str]) -> PlatformAction:
    """A case's button and a story may have one name."""
    if folded(story.facts["name"]) not in buttons:
        return story
    return story.model_copy(update={"label": "tines.offer_as_story"})


def _number(case: str) -> int | str:
    return int(case) if case.isdecimal() else case
