"""Texts and titles written to Runrun.it: signatures, the receipt code in a run's title, and names of stages.

Runrun.it shows every text as written by the token's owner. Each text therefore ends in a line with the
signature, which is removed before the text is shown in chat: ``— Ana via Slack (7K2F), next update 2026-07-18
14:20 UTC``. The API documentation does not say how comments are rendered, so texts are sent as typed.
"""

import html
import re
import unicodedata

from adapters.models import Health
from adapters.toolkit.signing import TextSigner
from adapters.writes import WriteMarker

SIGNER = TextSigner(
    separator="\n— ",
    bare="— ",
    before=r"(?:^|\s|<br\s*/?>|<p>)— ",
    after=r"\s*(?:</p>)?",
    escape=lambda text: text.lstrip("\n"),
)

TITLE_SIGNER = TextSigner(separator=" — ")
"""For the title of an added task, which is the only text that is sent with it."""

_CODED_TITLE = re.compile(r"\A(R\d+\b.*) \[[0-9A-Z]{3,12}\]\Z", re.DOTALL)
_HTML = re.compile(r"</[a-z]\w*>|<br\s*/?>", re.IGNORECASE)
_BREAK = re.compile(r"<br\s*/?>|</(?:p|div|li|h\d)>", re.IGNORECASE)
_TAG = re.compile(r"</?[a-z][^<>]*>", re.IGNORECASE)
_HEALTH_WORDS = {
    Health.GREEN: {"green", "verde"},
    Health.AMBER: {"amber", "yellow", "amarelo", "ambar"},
    Health.RED: {"red", "vermelho"},
}


def add_code(title: str, marker: WriteMarker) -> str:
    """The title of a run's task: unique, so that a start whose response was lost can be found by it."""
    return f"{' '.join(title.split())} [{marker.code}]"


def remove_code(title: str) -> str:
    match = _CODED_TITLE.match(title)
    return match[1] if match else title


def plain_title(title: str) -> str:
    """The title of a task without the name of whoever added it."""
    return TITLE_SIGNER.read(title).text


def fold(text: str) -> str:
    """``text`` without case, accents and extra spaces, for comparing names."""
    letters = unicodedata.normalize("NFKD", text.casefold())
    return " ".join("".join(letter for letter in letters if not unicodedata.combining(letter)).split())


def to_text(description: str) -> str:
    """A description as plain text, without its HTML tags if it has any."""
    if not _HTML.search(description):
        return description.strip()
    return html.unescape(_TAG.sub("", _BREAK.sub("\n", description))).strip()


def health_of_stage(name: str) -> Health:
    """The colour in a board stage's name ("Em risco - vermelho"); UNSET if it names none, or several."""
    words = set(re.findall(r"\w+", fold(name)))
    found = [health for health, names in _HEALTH_WORDS.items() if names & words]
    return found[0] if len(found) == 1 else Health.UNSET
