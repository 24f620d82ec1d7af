"""Addresses: the API's own, and the pages that people open (``https://ACCOUNT.xurrent.com/tasks/9``)."""

import re
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from adapters.models import RunbookKey, RunKey, TaskKey

_VENDOR = re.compile(r"api\.((?:[a-z]{2}\.)?(?:xurrent|xurrent-demo|4me|4me-demo|itrp)\.(?:com|qa))")
_PLACE = re.compile(
    r"/(?:v1/)?(?P<kind>workflows|changes|workflow_templates|tasks)/(?P<id>[1-9]\d*)"
    r"(?:/tasks/(?P<task>[1-9]\d*))?(?:\.json)?(?:/[a-z_]*)*"
)


@dataclass
class Links:
    """``runs`` maps each task that was read to its run: a task's address does not say it."""

    platform: str
    url: str
    account: str
    site: str = ""
    noun: str = "workflows"  # what the runs are called in addresses
    runs: dict[str, str] = field(default_factory=dict)

    def run(self, id: str) -> str | None:
        return self._page(f"{self.noun}/{id}")

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
        found = _PLACE.fullmatch(parts.path)
        if found is None:
            return None
        id, task = found["id"], found["task"]
        if found["kind"] == "workflow_templates":
            return RunbookKey(platform=self.platform, id=id)
        if found["kind"] == "tasks":
            id, task = self.runs.get(found["id"], ""), found["id"]
        if not id:
            return None
        run = RunKey(platform=self.platform, id=id)
        return TaskKey(run=run, id=task) if task else run

    def origins(self) -> list[str]:
        """The API's site and the one that people open."""
        found = [urlsplit(address) for address in (self.url, self._site()) if address]
        return list(dict.fromkeys(f"{one.scheme}://{one.netloc}" for one in found))

    def _page(self, path: str) -> str | None:
        site = self._site()
        return f"{site}/{path}" if site else None

    def _site(self) -> str:
        known = _VENDOR.fullmatch(urlsplit(self.url).netloc.lower())
        return self.site or (f"https://{self.account}.{known[1]}" if known else "")

    def _hosts(self) -> set[str]:
        return {urlsplit(address).netloc.lower() for address in (self.url, self._site()) if address}
