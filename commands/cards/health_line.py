"""A run's health: the newer of the platform's and the one that Liaison stores, as a title and a line of text."""

from collections.abc import Mapping
from datetime import datetime, tzinfo

from adapters.models import Health
from commands.model.card import Text, Tone
from commands.model.run_head import run_health
from commands.model.tracked_run import TrackedRun
from commands.text.catalogue import translate
from commands.text.phrases import clock, health_name, join_parts, name_of_signer, shorten

_LONGEST_HEALTH = 200  # characters; ``status`` shows all of it
TONES: Mapping[Health, Tone] = {
    Health.GREEN: "good",
    Health.AMBER: "warn",
    Health.RED: "bad",
    Health.UNSET: "",
}
MOST_URGENT_FIRST = (Health.RED, Health.AMBER, Health.UNSET, Health.GREEN)
_DOTS: Mapping[Health, str] = {Health.GREEN: "🟢", Health.AMBER: "🟠", Health.RED: "🔴"}


def is_stored_here(tracked: TrackedRun) -> bool:
    """Whether the colour shown is the one that Liaison stores: the platform has it as text, like "[amber] …"."""
    overlay = tracked.overlay
    return overlay.health is not Health.UNSET and (
        tracked.run.health is Health.UNSET or run_health(tracked).at == overlay.health_at != tracked.run.health_at
    )


def health_title(health: Health, name: str) -> Text:
    """ "🟠 AMBER · R7 Primary down"; the name alone without a health."""
    return (" · ".join(filter(None, (health_word(health), name))),)


def health_word(health: Health) -> str:
    return "" if health is Health.UNSET else f"{_DOTS[health]} {health_name(health)}"


def status_line(tracked: TrackedRun, zone: tzinfo | None, now: datetime, longest: int = _LONGEST_HEALTH) -> Text:
    """ "replica lags 40 s — Ana 14:03 · next update 14:20"; empty without a status update."""
    health = run_health(tracked)
    text = health.text if len(health.text) <= longest else shorten(health.text, longest)
    by_when = join_parts([name_of_signer(health.by), (clock(health.at, zone, now),) if health.at else ()], " ")
    due: Text = ()
    if not tracked.run.state.is_over:
        if health.due:
            due = translate("run.next_update", at=clock(health.due, zone, now))
        elif health.health is not Health.UNSET:
            due = translate("run.no_next_update")
    where = translate("run.as_text", platform=tracked.run.key.platform) if is_stored_here(tracked) else ()
    return join_parts([join_parts([text, by_when], " — "), due, where], " · ")
