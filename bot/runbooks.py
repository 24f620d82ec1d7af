"""``liaison runbooks``: the runbooks of local folders, from the command line."""

from collections.abc import Callable
from dataclasses import replace

from adapters.runbook_sources import SyncedRunbooks
from bot.config.settings import Settings
from bot.observability.check_report import CheckCounter
from bot.observability.logs import Redactor

NOTHING_TO_SYNC = (
    "No platform reads its runbooks from a Git repository. "
    'To add one: [platforms.local] path = "git+https://host/repo.git#branch:folder"'
)


async def sync_runbooks(settings: Settings, show: Callable[[str], None]) -> int:
    """Refreshes the copies of Git repositories, also while Liaison runs. Returns the exit code.

    A running Liaison reads them from the same folder, so it uses the new ones at once.
    """
    from bot.bootstrap import bootstrap  # late: it loads everything

    counter = CheckCounter(Redactor(settings.secret_values()))
    app = bootstrap(replace(settings, slack=None, mattermost=None))
    try:
        for name, adapter in app.platforms.items():
            if isinstance(adapter, SyncedRunbooks):
                for result in await adapter.sync_runbooks():
                    show(counter.line(result.model_copy(update={"summary": f"{name}: {result.summary}"})))
    finally:
        await app.http.close()
        await app.store.close()
    if not sum((counter.ok, counter.warn, counter.fix)):
        show(NOTHING_TO_SYNC)
    return 1 if counter.fix else 0
