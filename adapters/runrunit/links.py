"""Pages people open in a browser: ``https://runrun.it/pt-BR/tasks/3302``.

No task in the API has its page's address; the webhook sample of the API documentation shows it.
"""

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

_TASK = re.compile(r"(?:/[a-z]{2}(?:-[A-Za-z]{2})?)?/tasks/(\d{1,18})/?")
_DOMAIN = "runrun.it"


@dataclass(frozen=True)
class Links:
    """``url`` is the API's address."""

    url: str

    def task(self, id: str) -> str:
        return f"{re.sub(r'/api(/.*)?$', '', self.url)}/pt-BR/tasks/{id}"

    def parse(self, link: str) -> str | None:
        """The id of the task on the page ``link``; None for any other page."""
        try:
            page, api = urlsplit(link.strip()), urlsplit(self.url)
            same_host = (page.hostname, page.port) == (api.hostname, api.port)
            same_domain = page.port is None and _is_runrunit(page.hostname) and _is_runrunit(api.hostname)
        except ValueError:
            return None
        if page.scheme not in ("http", "https") or not (same_host or same_domain):
            return None
        match = _TASK.fullmatch(page.path)
        return match[1] if match else None


def _is_runrunit(host: str | None) -> bool:
    return host == _DOMAIN or (host or "").endswith(f".{_DOMAIN}")
