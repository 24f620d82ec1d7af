"""Text on its way to Xurrent and back: whose it is, and that it calls nobody.

Everything is written as the token's person, so each text ends in a line with the mark's signature. Xurrent draws
simple markup in notes; ``<@209|Ellen>`` there mentions a person ("Text Formatting"), and what people type in chat
must not.
"""

import re
from collections.abc import Sequence
from datetime import UTC, datetime

from adapters.models import Model
from adapters.writes import SetStatus, WriteMarker

SOURCE = "liaison"  # of everything that we create (field ``source``, at most 30 letters)
NOTE_BYTES = 64 * 1024
SUBJECT_LETTERS = 255
_BREAK = "\u200b"  # zero width: people see no difference, Xurrent sees no mention
_SIGNED = re.compile(r"(?:\A(?=.* via )|\n[^\S\n]*\n)([^\n]{1,200}?) \(([0-9A-Z]{3,12})\)\Z")


class Signed(Model):
    """A text of ours, taken apart. ``code`` is empty for text that others wrote."""

    text: str
    by: str = ""
    code: str = ""


def quiet(text: str) -> str:
    return text.replace("<@", f"<{_BREAK}@")


def signed(text: str, mark: WriteMarker) -> str:
    words = quiet(text.rstrip())
    return f"{words}\n\n{quiet(mark.signature)}" if words else quiet(mark.signature)


def unsigned(text: str) -> Signed:
    whole = text.replace(f"<{_BREAK}@", "<@").strip()
    found = _SIGNED.search(whole)
    if found is None:
        return Signed(text=whole)
    return Signed(text=whole[: found.start()].strip(), by=found[1].strip(), code=found[2])


def status_text(step: SetStatus) -> str:
    """Xurrent has no colour of a run and no promise of a next update: both become words."""
    due = f"\nNext update: {_day(step.next_at)}" if step.next_at else ""
    return f"{step.health_word}{step.text.rstrip()}{due}"


def key(mark: WriteMarker) -> str:
    """Our key of a record that ``mark`` creates (field ``sourceID``, at most 128 letters).

    The code alone is short; with the time of the message it is not met twice.
    """
    return f"{mark.code}-{mark.at.astimezone(UTC):%Y%m%dT%H%M%S}"


def halted(titles: Sequence[str]) -> str:
    """Said of a run that Xurrent has stopped, until somebody says something newer."""
    return f"progress halted: {', '.join(titles)}" if titles else "progress halted"


def too_long(text: str) -> bool:
    return len(text.encode()) > NOTE_BYTES


def _day(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
