"""Addresses of runbooks and tasks: the API's own (``links.self``) and the pages that people open.

The page of a runbook is ``https://INSTANCE.cutover.com/#/app/WORKSPACE/runbooks/ID/current_version/tasks/list``
where the API is ``https://api.INSTANCE.cutover.com``; the vendor's API pages show it in their webhook samples.
Elsewhere the ``link_template`` setting says it.
"""

import re
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

from adapters.models import RunKey, TaskKey

_PAGE = "/#/app/{workspace_id}/runbooks/{runbook_id}/current_version/tasks/list"
_RUNBOOK = re.compile(r"/runbooks/(?P<run>[A-Za-z0-9_-]+)(?:/(?:[a-z_]+/)?tasks/(?P<task>\d+))?(?=[/?#]|$)")


@dataclass(frozen=True)
class Links:
    platform: str
    url: str
    workspace: str = ""
    template: str | None = None

    def run(self, id: str) -> str | None:
        """The page of a runbook, or None where nobody can know its address."""
        template = self.template or self._known_page()
        if template is None:
            return None
        return template.format(runbook_id=quote(id, safe=""), workspace_id=quote(self.workspace, safe=""))

    def parse(self, link: str) -> RunKey | TaskKey | None:
        try:
            parts = urlsplit(link.strip())
            host = parts.netloc.lower()
        except ValueError:
            return None
        if parts.scheme not in ("http", "https") or host not in self._hosts():
            return None
        found = _RUNBOOK.search(parts.path) or _RUNBOOK.search(parts.fragment)
        if found is None:
            return None
        run = RunKey(platform=self.platform, id=found["run"])
        return TaskKey(run=run, id=found["task"]) if found["task"] else run

    def _hosts(self) -> set[str]:
        pages = [page for page in (self.template, self._site()) if page]
        return {urlsplit(address).netloc.lower() for address in (self.url, *pages)}

    def _site(self) -> str | None:
        host = urlsplit(self.url).netloc
        own = host.startswith("api.") and host.endswith(".cutover.com") and host != "api.cutover.com"
        return f"https://{host.removeprefix('api.')}" if own else None

    def _known_page(self) -> str | None:
        site = self._site()
        return site + _PAGE if site and self.workspace else None
