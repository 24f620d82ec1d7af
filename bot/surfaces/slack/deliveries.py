"""What a Slack delivery can ask for."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bot.surfaces.protocol import SubmittedForm
from commands.model.intents import OpenForm
from commands.model.messages import Actor, Message, Place, ReplyRoute

OUTCOME_WAIT_SECONDS = 1.2  # of the 1.5 s in which a form has to show what became of it


class NotIdentified(Exception):
    """An event arrived before the bot's user id is known. Slack must send it again."""


@dataclass(frozen=True, slots=True)
class Ignored:
    reason: str


@dataclass(frozen=True, slots=True)
class NewMessage:
    """A message to record, acknowledge and process. ``slack_retries``: Slack sends it again if not acknowledged.

    ``view`` is the modal whose button was pressed, to be replaced by a confirmation. ``trigger`` opens a modal for
    the answer to a button of the home page, which has no messages to show it in.
    """

    message: Message
    slack_retries: bool = False
    view: str = ""
    trigger: str = ""


@dataclass(frozen=True, slots=True)
class FormRequest:
    """A form to open; not recorded. ``view`` is the modal to show it in, if a button in a modal asked for it."""

    form: OpenForm
    actor: Actor
    place: Place
    trigger: str
    reply: ReplyRoute
    link: str = ""
    view: str = ""


@dataclass(frozen=True, slots=True)
class HomeOpened:
    actor: Actor
    place: Place


@dataclass(frozen=True, slots=True)
class LinksShared:
    """Somebody posted links to a domain of the app's manifest."""

    place: Place
    post: str
    urls: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class WorkflowStep:
    """A step of a workflow was reached. It fills in a form. ``execution`` is what Slack waits for."""

    submitted: SubmittedForm
    draft: Message
    execution: str


@dataclass(frozen=True, slots=True)
class OptionSearch:
    """``on_card``: its options are commands, not the values of a form's field."""

    actor: Actor
    place: Place
    about: str
    run: str
    field: str
    typed: str
    on_card: bool = False


@dataclass(frozen=True, slots=True)
class FormSubmission:
    """A submitted form. ``draft`` becomes the message once the fields are valid and the intent is known."""

    submitted: SubmittedForm
    draft: Message
    view: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class UnreadableButton:
    """A button whose value this version can't read, or a shortcut that it does not have. ``key``: what to say."""

    actor: Actor
    place: Place
    reply: ReplyRoute
    key: str = "too_old"


@dataclass(frozen=True, slots=True)
class PersonChanged:
    """Their profile, role or account changed. ``id`` may be of somebody whom we never met."""

    id: str


@dataclass(frozen=True, slots=True)
class PlaceChanged:
    """Somebody joined or left a channel, or the channel itself changed. ``person`` is empty for the latter."""

    channel: str
    person: str = ""


@dataclass(frozen=True, slots=True)
class Uninstalled:
    """The app was uninstalled, or its token was revoked. ``reason`` is the type of the event."""

    reason: str
    at: datetime


Delivery = (
    Ignored
    | Uninstalled
    | PersonChanged
    | PlaceChanged
    | HomeOpened
    | LinksShared
    | WorkflowStep
    | NewMessage
    | FormRequest
    | OptionSearch
    | FormSubmission
    | UnreadableButton
)
