"""Handles the events that are not messages: at once, or as the command that they stand for."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

from adapters.toolkit.messages import in_language
from bot.surfaces.errors import NotRecorded
from bot.surfaces.protocol import FieldErrors, Intake
from bot.surfaces.slack.deliveries import (
    Delivery,
    HomeOpened,
    Ignored,
    LinksShared,
    NewMessage,
    PersonChanged,
    PlaceChanged,
    WorkflowStep,
)
from bot.surfaces.slack.unfurls import LinkUnfurler
from bot.surfaces.slack.workflow_steps import StepCompletion

Spawn = Callable[[Awaitable[None]], None]


@dataclass(frozen=True)
class EventHandler:
    """``steps`` is None where the steps of Workflow Builder are switched off."""

    unfurler: LinkUnfurler
    steps: StepCompletion | None

    async def accept(self, delivery: Delivery, intake: Intake, spawn: Spawn) -> Delivery | int:
        """What the delivery asks for, or the status to answer it with. ``spawn`` runs what follows the answer."""
        if (status := await self._notice(delivery, intake, spawn)) is not None:
            return status
        if isinstance(delivery, WorkflowStep):
            return self._command_of_step(delivery, intake, spawn)
        if isinstance(delivery, NewMessage) and delivery.message.edits:
            return await _accepted_edit(delivery, intake)
        return delivery

    async def _notice(self, delivery: Delivery, intake: Intake, spawn: Spawn) -> int | None:
        """The status for a delivery that nobody waits for an answer to, and None for all others."""
        match delivery:
            case HomeOpened(actor=actor, place=place):
                intake.home_opened(actor, place)
            case LinksShared():
                spawn(self.unfurler.unfurl(delivery, intake))
            case PlaceChanged(channel=channel, person=person):
                intake.place_changed("slack", channel, person)
            case PersonChanged(id=id):
                try:
                    await intake.person_changed("slack", id)
                except NotRecorded:
                    return 503  # Slack sends it again
            case _:
                return 200 if isinstance(delivery, Ignored) else None
        return 200

    def _command_of_step(self, step: WorkflowStep, intake: Intake, spawn: Spawn) -> NewMessage | int:
        if self.steps is None:  # switched off, but still in the app's manifest
            return 200
        with in_language(intake.language_for(step.draft.actor)):
            intent = intake.submit(step.submitted)
        if isinstance(intent, FieldErrors):
            why = " ".join(f"{name}: {error}" for name, error in intent.errors.items())
            spawn(self.steps.fail(step.execution, why))
            return 200
        return NewMessage(step.draft.model_copy(update={"intent": intent}), slack_retries=True)


async def _accepted_edit(delivery: NewMessage, intake: Intake) -> NewMessage | int:
    try:
        message = await intake.accept_edit(delivery.message)
    except NotRecorded:
        return 503  # Slack sends it again
    return 200 if message is None else replace(delivery, message=message)
