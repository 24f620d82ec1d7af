"""The local platform: runbooks are Markdown files in folders, runs are documents in Liaison's own store.

There is no network, but the contract is the same.
"""

import asyncio
from collections import Counter
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

from adapters.errors import Rejected, Unreachable
from adapters.local import health, mapping
from adapters.local.capabilities import CAPABILITIES
from adapters.local.documents import Documents
from adapters.local.folder import Folder, RunbookFile
from adapters.local.git_clone import GitClone
from adapters.local.headings import Vocabulary
from adapters.local.library import Library
from adapters.local.report import report, report_path
from adapters.local.settings import LocalSettings
from adapters.local.start import Start
from adapters.local.sync import RunbookSync
from adapters.local.text import problem_text
from adapters.local.writes import Writes
from adapters.models import AssignedTask, Comment, Listing, Person, Run, Runbook, RunSummary
from adapters.protocol import CheckResult, Markup, Resources
from adapters.runbook_reports import RunbookReport
from adapters.runbook_sources import RunbookVersions
from adapters.toolkit.base import PlatformAdapter
from adapters.toolkit.people import is_among
from adapters.writes import Op


class LocalAdapter(PlatformAdapter):
    supports_insertion = True
    markup = Markup.MARKDOWN

    def __init__(self, name: str, settings: LocalSettings, resources: Resources) -> None:
        self._words = Vocabulary(settings.procedure_headings, settings.context_headings)
        clone = partial(GitClone.open, cache=resources.cache, now=resources.now)
        self._library = Library.open(settings, clone)
        self._sync = RunbookSync(name, self._library.git_folders, settings.refresh)
        self._documents = Documents(name, resources.local_runs, resources.now)
        self._start = Start(self._library, self._documents)
        super().__init__(name, CAPABILITIES, self._start, Writes(self._documents))

    @property
    def down(self) -> bool:
        """Set it to cut the platform off, as a broken network would: every call raises ``Unreachable``."""
        return self._documents.disconnected

    @down.setter
    def down(self, down: bool) -> None:
        self._documents.disconnected = down

    async def runbooks(self, query: str) -> Listing[Runbook]:
        """Every file, also one that cannot be started: the start says what is wrong with it."""
        self._documents.require_connected(Op.RUNBOOKS)
        listed, missing = await asyncio.to_thread(lambda: (self._read_runbooks(), self._sync.without_copy()))
        if not missing:
            return Listing(listed)
        clone, reason = missing[0]
        facts = {"source": str(clone.source), "reason": reason}
        return Listing(listed, complete=False, gap="local.not_copied", gap_facts=facts)

    def _read_runbooks(self) -> Sequence[Runbook]:
        files = self._library.files()
        titles = Counter(file.procedure.title.casefold() for file in files)
        return [
            mapping.runbook(self.name, file, show_file=titles[file.procedure.title.casefold()] > 1)
            for file in files
        ]

    def _read_folders(self) -> tuple[list[tuple[Path, list[RunbookFile]]], list[RunbookFile], list[str]]:
        return self._library.by_folder(), self._library.files(), self._library.hidden()

    async def runbook(self, id: str) -> Runbook:
        file = await self._start.startable_file(id, Op.SHOW)
        return await asyncio.to_thread(mapping.runbook, self.name, file)

    async def sync_runbooks(self) -> Sequence[CheckResult]:
        return await self._sync.refresh()

    async def sync_runbooks_forever(self) -> None:
        await self._sync.refresh_forever()

    async def runbook_versions(self, run: str, /) -> RunbookVersions:
        document = await self._documents.load(run, Op.SHOW)
        file = await asyncio.to_thread(self._library.file, document.runbook_id)
        if file is not None and file.text is None:
            problem = file.procedure.problems[0]
            reason = " ".join(problem_text(problem, file.id))
            facts: dict[str, Any] = {**problem.facts, "file": file.id}
            raise Rejected(self.name, Op.SHOW.value, key=problem.key, reasons=(reason,), **facts)
        return RunbookVersions(
            file=document.runbook_id,
            started=document.source_text,
            current=file.text if file else None,
            started_as=document.source,
            current_as=file.source if file else "",
        )

    async def runs(self, query: str) -> Listing[RunSummary]:
        """Leaves out a document that cannot be read; ``check`` names it."""
        self._documents.require_connected(Op.RUNS)
        return Listing([mapping.summary(document) for document in await self._documents.active()])

    async def assigned_tasks(self, person: Person) -> Listing[AssignedTask]:
        self._documents.require_connected(Op.RUNS)
        active = await self._documents.active()
        return Listing(
            [
                AssignedTask(run=mapping.summary(document), task=task)
                for document in active
                for task in mapping.run(document, self._documents.now()).tasks
                if not task.state.is_over and is_among(person, task.assignees)
            ]
        )

    async def read(self, id: str) -> Run:
        return mapping.run(await self._documents.load(id, Op.SHOW), self._documents.now())

    async def comments(self, id: str, task: str | None) -> Sequence[Comment]:
        return mapping.comments(await self._documents.load(id, Op.COMMENTS), task)

    async def report_runbooks(self, path: Path | None) -> Sequence[RunbookReport]:
        if path is not None:
            return await asyncio.to_thread(report_path, path, self._words)
        return await asyncio.to_thread(self._report_all)

    def _report_all(self) -> Sequence[RunbookReport]:
        """A file of a Git repository has no path of its own here."""
        return [
            report(folder.path / file.id if isinstance(folder, Folder) else Path(prefix + file.id), file)
            for prefix, folder in self._library.folders
            for file in folder.files()
        ]

    async def check(self) -> Sequence[CheckResult]:
        try:
            self._documents.require_connected(Op.RUNBOOKS)
        except Unreachable:
            return [health.disconnected(self.name)]
        folders, files, hidden = await asyncio.to_thread(self._read_folders)
        unreadable = [id for id, document in await self._documents.all() if document is None]
        return [
            *(health.folder(path, self.name, found) for path, found in folders),
            *await self._sync.check(),
            *health.file_problems(files),
            *health.shared_titles(files),
            *health.hidden_files(hidden),
            *health.unreadable_runs(unreadable),
        ]
