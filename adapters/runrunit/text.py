"""Text on its way to Runrun.it and back: who wrote it, the run's name with its key, names of stages.

Everything written there is the token owner's. So each text ends in a line with the mark's signature, taken off
again before it is shown: ``— Ana via Slack (7K2F), next update 2026-07-18 14:20 UTC``. How comments are drawn is
not documented: text is sent as typed, and their server escapes it.
"""

import html
import re
import unicodedata
from datetime import UTC, datetime

from adapters.models import Health, Model
from adapters.writes import WriteMarker

_DUE = "%Y-%m-%d %H:%M"
_SIGNED = re.compile(
    r"(?:^|\s|<br\s*/?>|<p>)— (?P<who>[^\n<—]{1,160}) \((?P<code>[0-9A-Z]{3,12})\)"
    r"(?:, next update (?P<due>\d{4}-\d\d-\d\d \d\d:\d\d) UTC)?\s*(?:</p>)?\Z"
)
_KEYED = re.compile(r"\A(R\d+\b.*) \[[0-9A-Z]{3,12}\]\Z", re.DOTALL)
_HTML = re.compile(r"</[a-z]\w*>|<br\s*/?>", re.IGNORECASE)
_BREAK = re.compile(r"<br\s*/?>|</(?:p|div|li|h\d)>", re.IGNORECASE)
_TAG = re.compile(r"</?[a-z][^<>]*>", re.IGNORECASE)
_HEALTH_NAMES = {
    Health.GREEN: {"green", "verde"},
    Health.AMBER: {"amber", "yellow", "amarelo", "ambar"},
    Health.RED: {"red", "vermelho"},
}


class Signed(Model):
    """A text of ours, taken apart. ``by`` is empty for text that others wrote."""

    text: str
    by: str = ""


def sign(text: str, mark: WriteMarker, due: datetime | None = None) -> str:
    promise = f", next update {due.astimezone(UTC).strftime(_DUE)} UTC" if due else ""
    return f"{text.rstrip()}\n— {mark.signature}{promise}".lstrip("\n")


def unsign(text: str) -> Signed:
    text = text.strip()
    found = _SIGNED.search(text)
    if found is None:
        return Signed(text=text)
    return Signed(text=text[: found.start()].strip(), by=found["who"].strip())


def keyed(title: str, mark: WriteMarker) -> str:
    """A run's title there: no other task has it, so settling finds the run by it."""
    return f"{' '.join(title.split())} [{mark.code}]"


def unkeyed(title: str) -> str:
    found = _KEYED.match(title)
    return found[1] if found else title


def folded(text: str) -> str:
    """Without case and accents."""
    letters = unicodedata.normalize("NFKD", text.casefold())
    return " ".join("".join(one for one in letters if not unicodedata.combining(one)).split())


def plain(text: str) -> str:
    """A description without its tags, if it has any."""
    if not _HTML.search(text):
        return text.strip()
    return html.unescape(_TAG.sub("", _BREAK.sub("\n", text))).strip()


def health_of(stage: str) -> Health:
    """The colour that a board stage's name says: "Em risco - vermelho". UNSET if none, or several."""
    said = set(re.findall(r"\w+", folded(stage)))
    found = [health for health, names in _HEALTH_NAMES.items() if names & said]
    return found[0] if len(found) == 1 else Health.UNSET
