"""Links to runbooks and tasks: the API's own (``links.self``) and the pages people open in a browser.

A runbook's page is ``https://INSTANCE.cutover.com/#/app/WORKSPACE/runbooks/ID/current_version/tasks/list``, as the
webhook samples of the Cutover Public API show it. The site is the setting ``core_url``, or that of the API at
``https://api.INSTANCE.cutover.com``. Elsewhere, set ``link_template``.
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
    core_url: str = ""

    def run(self, id: str, workspace: str | None = None) -> str | None:
        """The page of a runbook in this workspace, or None if its address is unknown."""
        workspace = workspace or self.workspace
        template = self.template or self._default_template(workspace)
        if template is None:
            return None
        return template.format(runbook_id=quote(id, safe=""), workspace_id=quote(workspace, safe=""))

    def parse(self, link: str) -> RunKey | TaskKey | None:
        try:
            parts = urlsplit(link.strip())
            host = parts.netloc.lower()
        except ValueError:
            return None
        if parts.scheme not in ("http", "https") or host not in self._hosts():
            return None
        match = _RUNBOOK.search(parts.path) or _RUNBOOK.search(parts.fragment)
        if match is None:
            return None
        run = RunKey(platform=self.platform, id=match["run"])
        return TaskKey(run=run, id=match["task"]) if match["task"] else run

    def _hosts(self) -> set[str]:
        pages = [page for page in (self.template, self._site()) if page]
        return {urlsplit(address).netloc.lower() for address in (self.url, *pages)}

    def _site(self) -> str | None:
        if self.core_url:
            return self.core_url
        host = urlsplit(self.url).netloc
        is_instance = host.startswith("api.") and host.endswith(".cutover.com") and host != "api.cutover.com"
        return f"https://{host.removeprefix('api.')}" if is_instance else None

    def _default_template(self, workspace: str) -> str | None:
        site = self._site()
        return site + _PAGE if site and workspace else None
