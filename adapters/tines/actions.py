"""Further actions on a case: its own buttons, the stories in the settings, and changes (``case_actions``).

No request presses a button. A ``webhook`` action is POSTed to by whoever presses it, with its ``query_params``
appended, and a ``page`` is opened in the browser (Tines API, Case actions, List). A story is started by its
webhook. Neither leaves a trace that a lost press could be found by.
"""

import asyncio
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pydantic import SecretStr

from adapters.errors import Conflict
from adapters.models import PlatformAction, Run
from adapters.results import Baseline, Indeterminate, Reconciliation, Recovery, WriteResult
from adapters.tines import links, wire
from adapters.tines.api import Api
from adapters.tines.case_actions.kinds import CaseAction
from adapters.tines.case_actions.state import SetFields, field_parts
from adapters.tines.stories import Stories, activity, normalized_name
from adapters.tines.webhooks import Webhooks
from adapters.toolkit.reconciliation import applied_if
from adapters.toolkit.steps import reconciles, step
from adapters.writes import PerformAction, WriteMarker

WEBHOOK = "webhook"  # an ``action_type``; the other is "page"
_STORY = "story:"
_MAX_LABEL_LENGTH = 60


@dataclass
class Actions:
    api: Api
    webhooks: Webhooks
    stories: Stories
    story_urls: Mapping[str, SecretStr]  # name -> webhook URL, from the settings
    changes: Sequence[CaseAction]

    async def list(self, run: Run) -> Sequence[PlatformAction]:
        buttons, stories = await asyncio.gather(self.api.actions(run.key.id, "do"), self._story_actions())
        case_actions = [
            action for button in buttons if (action := self._button_action(button, buttons)) is not None
        ]
        names = {normalized_name(action.facts["name"]) for action in case_actions}
        actions = [*case_actions, *(_distinct_from_buttons(story, names) for story in stories)]
        return actions if run.state.is_over else [*actions, *await self._changes_of(run)]

    async def _changes_of(self, run: Run) -> Sequence[PlatformAction]:
        case = await self.api.case(run.key.id, "do")
        offered = await asyncio.gather(*(change.offers(case, run) for change in self.changes))
        return [action for actions in offered for action in actions]

    def plan(self, step: PerformAction) -> Sequence[PerformAction]:
        return field_parts(step) if step.action == SetFields.name else [step]

    def button_names(self, buttons: Sequence[wire.EmbeddedAction]) -> tuple[str, ...]:
        """The case's buttons that can be pressed from a chat, for the run's card."""
        names = [
            _button_name(button)
            for button in buttons
            if button.action_type == WEBHOOK and self.webhooks.is_allowed(button.url)
        ]
        return tuple(dict.fromkeys(filter(None, names)))

    def recovery(self, step: PerformAction) -> Recovery:
        change = self._change(step)
        return change.recovery if change else Recovery.MANUAL

    def _change(self, step: PerformAction) -> CaseAction | None:
        name = step.action.partition(":")[0]
        return next((change for change in self.changes if change.name == name), None)

    @step(PerformAction, part="fields", recovery=Recovery.IDEMPOTENT)
    @step(PerformAction, part="metadata", recovery=Recovery.IDEMPOTENT)
    @step(PerformAction, part="priority", recovery=Recovery.IDEMPOTENT)
    @step(PerformAction, recovery=lambda actions, step: actions.recovery(step))
    async def execute(self, step: PerformAction, marker: WriteMarker) -> WriteResult:
        change = self._change(step)
        return await (change.execute(step, marker) if change else self._press(step, marker))

    @reconciles(PerformAction, part="fields")
    @reconciles(PerformAction, part="metadata")
    @reconciles(PerformAction, part="priority")
    @reconciles(PerformAction)
    async def reconcile(self, step: PerformAction, marker: WriteMarker, baseline: Baseline) -> Reconciliation:
        change = self._change(step)
        return applied_if(await change.is_applied(step, marker)) if change else Indeterminate()

    # Buttons and stories

    async def _press(self, step: PerformAction, marker: WriteMarker) -> WriteResult:
        """Reads the button again just before: nothing is sent if it is not the one that was confirmed."""
        case = int(step.run_id) if step.run_id.isdecimal() else step.run_id
        body = {"case_id": case, "pressed_by": marker.who, "receipt": marker.code}
        story = step.action.removeprefix(_STORY)
        story_url = self.story_urls.get(story) if step.action.startswith(_STORY) else None
        if story_url is not None:
            await self.webhooks.post(story_url.get_secret_value(), {**body, "story": story})
            return WriteResult(message="tines.pressed")
        buttons = await self.api.actions(step.run_id, "do")
        for button in buttons:
            action = self._button_action(button, buttons)
            if action is not None and action.id == step.action and not action.link:
                await self.webhooks.post(button.url, {**body, "action": button.label}, button.query_params)
                return WriteResult(message="tines.pressed")
        raise Conflict(self.api.platform, "do", key="tines.offer_gone", for_good=True, label=step.label)

    async def _story_actions(self) -> Sequence[PlatformAction]:
        if not self.story_urls:
            return ()
        stories = await self.stories.by_name()
        return [_story_action(name, stories.get(normalized_name(name))) for name in self.story_urls]

    def _button_action(
        self, button: wire.CaseAction, all_buttons: Sequence[wire.CaseAction]
    ) -> PlatformAction | None:
        """None for a button that can neither be called nor opened."""
        name = _button_name(button)
        host = links.host_of(button.url)
        if not name or host is None:
            return None
        if sum(normalized_name(_button_name(other)) == normalized_name(name) for other in all_buttons) > 1:
            name = f"{name} ({button.action_text.strip() or button.id})"
        id, facts = _button_id(button), {"name": name, "host": host}
        if button.action_type != WEBHOOK:
            link = links.browser_url(button.url) or ""
            return PlatformAction(id=id, label="tines.offer", facts=facts, link=link)
        if not self.webhooks.is_allowed(button.url):
            return None
        return PlatformAction(id=id, label="tines.offer", warning="tines.offer_action", facts=facts)


def _button_name(button: wire.EmbeddedAction) -> str:
    return " ".join((button.label or button.action_text).split())[:_MAX_LABEL_LENGTH]


def _button_id(button: wire.CaseAction) -> str:
    """Changes with the URL and the parameters, so that only what was confirmed is pressed."""
    content = json.dumps([button.url, button.action_type, button.label, button.query_params], sort_keys=True)
    return f"action:{button.id}:{hashlib.sha256(content.encode()).hexdigest()[:12]}"


def _story_action(name: str, story: wire.Story | None) -> PlatformAction:
    action = PlatformAction(
        id=f"{_STORY}{name}", label="tines.offer", warning="tines.offer_story", facts={"name": name}
    )
    if story is None:
        return action
    if story.disabled:
        return action.model_copy(update={"warning": "tines.offer_story_disabled"})
    facts = activity(story)
    if not facts:
        return action
    warning, note = "tines.offer_story_busy", "tines.story_busy"
    if "broken" in facts:
        warning, note = "tines.offer_story_broken", "tines.story_broken"
    return action.model_copy(update={"warning": warning, "note": note, "facts": {"name": name, **facts}})


def _distinct_from_buttons(story: PlatformAction, button_names: set[str]) -> PlatformAction:
    """A button of the case and a story may have the same name."""
    if normalized_name(story.facts["name"]) not in button_names:
        return story
    return story.model_copy(update={"label": "tines.offer_as_story"})
