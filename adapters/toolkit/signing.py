"""Signed texts: most platforms show everything as written by the token's user, so a text says who wrote it.

``replica lagging — Ana via Slack (7K2F), next update 2026-07-18 14:20 UTC``. The code is the receipt's.
A text whose request was not answered is found again by it.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from adapters.models import Model
from adapters.writes import WriteMarker

_DUE = "%Y-%m-%d %H:%M"


class SignedText(Model):
    """A text as read, without its signature. ``by`` and ``code`` are empty if Liaison did not write it."""

    text: str
    by: str = ""
    code: str = ""
    due: datetime | None = None


def _unchanged(text: str) -> str:
    return text


@dataclass(frozen=True)
class TextSigner:
    """How one platform's texts are signed.

    ``separator`` stands between the text and its signature, ``bare`` before a signature without a text.
    ``before`` and ``after`` are patterns, for platforms that give a text back with other white space or markup.
    ``name`` is a pattern too, of an author's name, where the default does not fit.
    ``escape`` keeps a text from mentioning people, ``escape_name`` does it for a name; ``unescape`` undoes both.
    """

    separator: str = "\n\n"
    bare: str = ""
    before: str = ""
    after: str = ""
    name: str = ""
    escape: Callable[[str], str] = _unchanged
    escape_name: Callable[[str], str] | None = None
    unescape: Callable[[str], str] = _unchanged

    def sign(self, text: str, marker: WriteMarker, due: datetime | None = None) -> str:
        signature = self.signature(marker, due)
        text = self.escape(text.rstrip())
        return f"{text}{self.separator}{signature}" if text.strip() else f"{self.bare}{signature}"

    def signature(self, marker: WriteMarker, due: datetime | None = None) -> str:
        who = (self.escape_name or self.escape)(marker.who)
        promise = f", next update {due.astimezone(UTC).strftime(_DUE)} UTC" if due else ""
        return f"{who} ({marker.code}){promise}"

    def read(self, text: str) -> SignedText:
        text = self.unescape(
            text
        ).strip()  # before matching: a pattern would try every blank of a long row of them
        found = re.search(self._pattern, text)
        if found is None:
            return SignedText(text=text)
        due = datetime.strptime(found["due"], _DUE).replace(tzinfo=UTC) if found["due"] else None
        return SignedText(text=text[: found.start()].strip(), by=found["who"].strip(), code=found["code"], due=due)

    @property
    def _pattern(self) -> str:
        alone = "" if self.bare else r"\A(?=[^\n]* via )|"
        name = self.name or (r"[^\n<—]{1,160}?" if "—" in self.separator else r"[^\n]{1,200}?")
        return (
            rf"(?:{alone}{self.before or re.escape(self.separator)})(?P<who>{name}) \((?P<code>[0-9A-Z]{{3,12}})\)"
            rf"(?:, next update (?P<due>\d{{4}}-\d\d-\d\d \d\d:\d\d) UTC)?(?:{self.after})\Z"
        )
