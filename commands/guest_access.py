"""What guests and people of other companies may read at all, whatever run it is about."""

from adapters.models import RunKey, TaskKey
from commands.access import RIGHT_KEYS
from commands.language.platform_references import parse_platform_reference
from commands.language.references import is_run_handle, is_task_handle
from commands.model.command import Right
from commands.model.errors import NotAllowed
from commands.model.intents import Intent, Runbooks, Show, Start, Whoami
from commands.model.messages import Actor, Membership
from commands.model.ports import Services
from commands.text.catalogue import plain_text, translate
from commands.visibility import Reader


def require_reading(intent: Intent, right: Right, actor: Actor, services: Services) -> None:
    """Raises ``NotAllowed`` for what they may not read."""
    reader = Reader(actor, services)
    if reader.is_insider or isinstance(intent, Whoami):
        return
    is_of_cards = _is_of_cards(intent, services, details=reader.sees_details)
    is_refused = right is Right.READ and not is_of_cards  # the other rights have their own words
    if actor.membership is Membership.UNKNOWN and (is_refused or not reader.sees_cards):
        raise NotAllowed("access.unknown", what=plain_text(translate(RIGHT_KEYS[right])))
    if not reader.sees_cards:
        raise NotAllowed("access.guests_off")
    if is_refused:
        raise NotAllowed("access.guests_card")


def is_for_guests(intent: Intent, services: Services) -> bool:
    """Whether guests in the place may see the answer to somebody else. That to a start may name runbooks."""
    guests = services.access_rules.guests
    if isinstance(intent, Start) or (guests == "off" and services.commands.right_of(intent) is Right.READ):
        return False
    return _is_of_cards(intent, services, details=guests == "read")


def _is_of_cards(intent: Intent, services: Services, *, details: bool) -> bool:
    """Whether it shows no more than the cards of runs; with ``details`` also instructions and comments."""
    if isinstance(intent, Show):
        return _is_of_a_card(intent, services, details=details)
    return not isinstance(intent, Runbooks)


def _is_of_a_card(intent: Show, services: Services, *, details: bool) -> bool:
    """A run by its handle or link, or that of the channel; with ``details`` also a task or comments. Words may
    name a runbook."""
    what = intent.what.strip()
    key = parse_platform_reference(what, services)
    is_run = intent.kind != "runbook" and (not what or is_run_handle(what) or isinstance(key, RunKey))
    is_task = is_task_handle(what) or isinstance(key, TaskKey)
    return (is_run and not (intent.comments or intent.diff)) or (details and (is_run or is_task))
