"""Pages that people open: ``https://runrun.it/pt-BR/tasks/3302`` (the webhook sample has it; no task does)."""

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

_TASK = re.compile(r"(?:/[a-z]{2}(?:-[A-Za-z]{2})?)?/tasks/(\d{1,18})/?")
_HOME = "runrun.it"


@dataclass(frozen=True)
class Links:
    """``url`` is the API's address."""

    url: str

    def task(self, id: str) -> str:
        return f"{re.sub(r'/api(/.*)?$', '', self.url)}/pt-BR/tasks/{id}"

    def parse(self, link: str) -> str | None:
        """The id of the task that a page shows."""
        try:
            theirs, ours = urlsplit(link.strip()), urlsplit(self.url)
            same = (theirs.hostname, theirs.port) == (ours.hostname, ours.port)
            home = theirs.port is None and _at_home(theirs.hostname) and _at_home(ours.hostname)
        except ValueError:
            return None
        if theirs.scheme not in ("http", "https") or not (same or home):
            return None
        found = _TASK.fullmatch(theirs.path)
        return found[1] if found else None


def _at_home(host: str | None) -> bool:
    return host == _HOME or (host or "").endswith(f".{_HOME}")
