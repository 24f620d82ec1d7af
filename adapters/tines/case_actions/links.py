"""What is attached to a case: other cases, and files."""

import base64
import re
from collections.abc import Sequence
from urllib.parse import urlsplit

from adapters.errors import Conflict, NotFound, Rejected
from adapters.models import PlatformAction, Run
from adapters.results import Recovery, WriteResult
from adapters.tines import links, wire
from adapters.tines import text as texts
from adapters.tines.case_actions.kinds import CaseAction
from adapters.writes import PerformAction, WriteMarker

_MAX_FILES = 20
_UNSAFE = re.compile(r"[^\w. -]+")  # in the name of a file


class LinkCase(CaseAction):
    """``do link case --set case=43``: by number or by link. Linked cases are listed, and can be unlinked."""

    name = "link"
    recovery = Recovery.LOOKUP

    async def offers(self, case: wire.Case, run: Run) -> Sequence[PlatformAction]:
        return [
            PlatformAction(id="link", label="tines.offer_link", warning="tines.offer_link_does", inputs=("case",))
        ]

    async def execute(self, step: PerformAction, marker: WriteMarker) -> WriteResult:
        other = self._other(step)
        path = f"{self.api.case_path(step.run_id, 'do')}/linked_cases"
        try:
            await self.api.http.write("POST", path, operation="do", json={"id": other})
        except (Rejected, Conflict):  # what a second link is answered with is not documented
            if other not in await self._linked(step):
                raise
            return WriteResult(already=True, message="tines.already")
        return WriteResult()

    async def is_applied(self, step: PerformAction, marker: WriteMarker) -> bool:
        return self._other(step) in await self._linked(step)

    async def _linked(self, step: PerformAction) -> Sequence[str]:
        return [other.case_id for other in await self.api.linked_cases(step.run_id, "do")]

    def _other(self, step: PerformAction) -> str:
        typed = self.only_option(step, "case")
        match = re.search(r"(?:^#?|/cases/)(\d{1,20})(?=$|[/?#])", typed)
        if match is None or match[1] == step.run_id:
            raise Rejected(self.api.platform, "do", key="tines.no_case_number", typed=typed[:80])
        return match[1]


class UnlinkCase(CaseAction):
    name = "unlink"

    async def offers(self, case: wire.Case, run: Run) -> Sequence[PlatformAction]:
        found: list[PlatformAction] = []
        for other in case.linked_cases:
            facts = {"id": other.case_id, "name": other.name}
            link = links.case_url(case.url, other.case_id) or ""
            if link:
                found.append(
                    PlatformAction(
                        id=f"linked:{other.case_id}", label="tines.offer_linked", facts=facts, link=link
                    )
                )
            found.append(PlatformAction(id=f"unlink:{other.case_id}", label="tines.offer_unlink", facts=facts))
        return found

    async def execute(self, step: PerformAction, marker: WriteMarker) -> WriteResult:
        other = self.api.checked_id(self.target(step), "do")
        path = f"{self.api.case_path(step.run_id, 'do')}/linked_cases/{other}"
        await self.api.http.write("DELETE", path, operation="do", expect_json=False)
        return WriteResult()

    async def is_applied(self, step: PerformAction, marker: WriteMarker) -> bool:
        return self.target(step) not in [other.case_id for other in await self.api.linked_cases(step.run_id, "do")]


class AttachLink(CaseAction):
    """``do attach a link --set url=… --set name=…``. The API only takes files, so it is a small file that opens
    the link, with a comment. Attached files are listed.
    """

    name = "attach"
    recovery = Recovery.LOOKUP

    async def offers(self, case: wire.Case, run: Run) -> Sequence[PlatformAction]:
        attach = PlatformAction(
            id="attach", label="tines.offer_attach", warning="tines.offer_attach_does", inputs=("url", "name")
        )
        try:
            files = await self.api.files(case.case_id, "do")
        except (NotFound, Rejected):
            return [attach]
        shown = [
            PlatformAction(
                id=f"file:{item.id}", label="tines.offer", facts={"name": item.file.filename}, link=link
            )
            for item in files[-_MAX_FILES:]
            if item.file.filename and (link := links.browser_url(item.file.url))
        ]
        return [attach, *shown]

    async def execute(self, step: PerformAction, marker: WriteMarker) -> WriteResult:
        url = links.browser_url(self.only_option(step, "url", "name"))
        if url is None:
            raise Rejected(self.api.platform, "do", key="tines.no_link", typed=step.options["url"][:80])
        name = step.options.get("name", "").strip() or urlsplit(url).netloc
        content = base64.b64encode(f"[InternetShortcut]\r\nURL={url}\r\n".encode()).decode()
        body = {
            "filename": f"{_UNSAFE.sub('-', name)[:100]}.url",
            "file_contents": content,
            "value": texts.SIGNER.sign(f"{name}: {url}", marker),
            **await self.people.author_fields(step.by, "do"),
        }
        path = f"{self.api.case_path(step.run_id, 'do')}/files"
        await self.api.http.write("POST", path, operation="do", json=body)
        return WriteResult()

    async def is_applied(self, step: PerformAction, marker: WriteMarker) -> bool:
        return any(marker.is_in(item.value) for item in await self.api.files(step.run_id, "do"))
