"""``liaison runbooks``: the runbooks of local folders, from the command line."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from adapters.runbook_reports import ReportsRunbooks, RunbookReport
from adapters.runbook_sources import SyncedRunbooks
from bot.config.settings import Settings
from bot.observability.check_report import CheckCounter
from bot.observability.logs import Redactor
from bot.surfaces.console.terminal_text import one_line, strip_controls

if TYPE_CHECKING:
    from adapters.protocol import Adapter

NOTHING_TO_SYNC = (
    "No platform reads its runbooks from a Git repository. "
    'To add one: [platforms.local] path = "git+https://host/repo.git#branch:folder"'
)

NO_RUNBOOKS = "No Markdown runbooks found. Name a file or a folder, or set [platforms.local] path."


async def sync_runbooks(settings: Settings, show: Callable[[str], None]) -> int:
    """Refreshes the copies of Git repositories, also while Liaison runs. Returns the exit code.

    A running Liaison reads them from the same folder, so it uses the new ones at once.
    """
    counter = CheckCounter(Redactor(settings.secret_values()))
    async with _platforms(settings) as platforms:
        for name, adapter in platforms.items():
            if isinstance(adapter, SyncedRunbooks):
                for result in await adapter.sync_runbooks():
                    show(counter.line(result.model_copy(update={"summary": f"{name}: {result.summary}"})))
    if not sum((counter.ok, counter.warn, counter.fix)):
        show(NOTHING_TO_SYNC)
    return 1 if counter.fix else 0


async def check_runbooks(
    settings: Settings, path: Path | None, show: Callable[[str], None], confirm: Callable[[str], bool] | None
) -> int:
    """Prints the stages and tasks of each file, what is not a task, and problems. Returns the exit code.

    ``confirm`` asks before a checklist is written beside a file.
    """
    reports = await _reports(settings, path)
    for report in reports:
        show(strip_controls(f"{report.path}\n  " + "\n  ".join(report.lines)))
        for problem in report.problems:
            show(one_line(f"  FIX {problem}"))
        if confirm is not None and report.checklist is not None:
            _offer_checklist(report.path, report.checklist, show, confirm)
    bad = sum(bool(report.problems) for report in reports)
    counted = "1 runbook" if len(reports) == 1 else f"{len(reports)} runbooks"
    show(f"{counted}, {bad} with problems" if reports else NO_RUNBOOKS)
    return 1 if bad or not reports else 0


async def _reports(settings: Settings, path: Path | None) -> Sequence[RunbookReport]:
    async with _platforms(settings) as platforms:
        readers = [adapter for adapter in platforms.values() if isinstance(adapter, ReportsRunbooks)]
        if path is not None:
            readers = readers[:1]
        return [report for reader in readers for report in await reader.report_runbooks(path)]


def _offer_checklist(
    path: Path, checklist: str, show: Callable[[str], None], confirm: Callable[[str], bool]
) -> None:
    target = path.with_name(f"{path.stem}-checklist{path.suffix}")
    if path.stem.endswith("-checklist") or not path.exists():
        return
    if target.exists():
        show(f"  {target} exists already, so it was left as it is.")
    elif confirm(f"Write {target}, with a check box for each task?"):
        try:
            target.write_text(checklist, encoding="utf-8")
        except OSError as error:
            show(f"  {target} can't be written: {error.strerror}.")
        else:
            show(f"  Wrote {target}. Read it, then remove {path.name}, so that the runbook isn't listed twice.")


@asynccontextmanager
async def _platforms(settings: Settings) -> AsyncIterator["dict[str, Adapter]"]:
    from bot.bootstrap import bootstrap  # late: it loads everything

    app = bootstrap(replace(settings, slack=None, mattermost=None))
    try:
        yield dict(app.platforms)
    finally:
        await app.http.close()
        await app.store.close()
