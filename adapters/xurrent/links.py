"""Addresses: of the API, and of the pages that people open (``https://ACCOUNT.xurrent.com/tasks/9``)."""

import re
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from adapters.models import RunbookKey, RunKey, TaskKey

_VENDOR_HOST = re.compile(r"api\.((?:[a-z]{2}\.)?(?:xurrent|xurrent-demo|4me|4me-demo|itrp)\.(?:com|qa))")
_RECORD_PATH = re.compile(
    r"/(?:v1/)?(?P<kind>workflows|changes|workflow_templates|tasks)/(?P<id>[1-9]\d*)"
    r"(?:/tasks/(?P<task>[1-9]\d*))?(?:\.json)?(?:/[a-z_]*)*"
)


@dataclass
class Links:
    """``run_by_task`` maps each task that was read to its run: a task's address does not have it."""

    platform: str
    url: str
    account: str
    site: str = ""
    run_path: str = "workflows"  # "changes" in the old API
    run_by_task: dict[str, str] = field(default_factory=dict)

    def run(self, id: str) -> str | None:
        return self._page(f"{self.run_path}/{id}")

    def task(self, id: str) -> str | None:
        return self._page(f"tasks/{id}")

    def runbook(self, id: str) -> str | None:
        return self._page(f"workflow_templates/{id}")

    def parse(self, link: str) -> RunKey | TaskKey | RunbookKey | None:
        try:
            parts = urlsplit(link.strip())
            host = parts.netloc.lower()
        except ValueError:
            return None
        if parts.scheme not in ("http", "https") or host not in self._hosts():
            return None
        match = _RECORD_PATH.fullmatch(parts.path)
        if match is None:
            return None
        id, task = match["id"], match["task"]
        if match["kind"] == "workflow_templates":
            return RunbookKey(platform=self.platform, id=id)
        if match["kind"] == "tasks":
            id, task = self.run_by_task.get(match["id"], ""), match["id"]
        if not id:
            return None
        run = RunKey(platform=self.platform, id=id)
        return TaskKey(run=run, id=task) if task else run

    def origins(self) -> list[str]:
        """The origins of the API and of the account's site."""
        urls = [urlsplit(url) for url in (self.url, self._site()) if url]
        return list(dict.fromkeys(f"{url.scheme}://{url.netloc}" for url in urls))

    def _page(self, path: str) -> str | None:
        site = self._site()
        return f"{site}/{path}" if site else None

    def _site(self) -> str:
        match = _VENDOR_HOST.fullmatch(urlsplit(self.url).netloc.lower())
        return self.site or (f"https://{self.account}.{match[1]}" if match else "")

    def _hosts(self) -> set[str]:
        return {urlsplit(url).netloc.lower() for url in (self.url, self._site()) if url}
