"""What people are told when a chat refuses to show something."""

from commands.model.card import Card, Text
from commands.model.messages import Place
from commands.model.tracked_run import TrackedRun
from commands.text.catalogue import translate
from commands.text.phrases import run_name, short_card, show_button


def undelivered_card(
    what: str, reason: str, place: Place, *, tracked: TrackedRun | None = None, invite: str = "", detail: str = ""
) -> Card:
    """For the person who caused it. ``what``: "post", "card" or "lines"; ``reason`` as the chat's contract names
    it.

    It is sent when the chat takes it, so nobody has to send it again.
    """
    run = run_name(tracked) if tracked else ""
    why = translate(
        f"undelivered.why_{reason}", run=tracked.handle if tracked else "", invite=invite, detail=detail
    )
    text: Text = translate(f"undelivered.{what}", run=run, channel=channel_name(place), why=why)
    return short_card(text, buttons=[show_button(tracked)] if tracked else [], tone="warn")


def deleted_card(tracked: TrackedRun) -> Card:
    """Where a live card was deleted so often that it is not put back."""
    return short_card(translate("undelivered.deleted", run=run_name(tracked)), buttons=[show_button(tracked)])


def channel_name(place: Place) -> str:
    return f"#{place.channel_name}" if place.channel_name and not place.direct else place.channel
