"""Refreshes the copies of Git repositories, and says how they are doing."""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from adapters.local.git_clone import CloneState, GitClone
from adapters.local.git_folder import GitFolder
from adapters.local.git_program import GitFailed, GitMissing
from adapters.local.text import MESSAGES, message
from adapters.protocol import CheckResult
from adapters.toolkit.health import check_result

FIRST_RETRY = timedelta(seconds=30)
"""After a failure, as long as there is no copy at all."""

log = logging.getLogger(__name__)


@dataclass
class RunbookSync:
    platform: str
    folders: Sequence[GitFolder]
    interval: timedelta
    _logged: dict[GitClone, str] = field(default_factory=dict, init=False)  # the problem that was logged last

    async def refresh(self) -> Sequence[CheckResult]:
        return await asyncio.gather(*(self._refresh(folder) for folder in self.folders))

    async def refresh_forever(self) -> None:
        await asyncio.gather(*(self._refresh_forever(folder.clone) for folder in self.folders))

    def without_copy(self) -> list[tuple[GitClone, str]]:
        """Those that were never copied, and why, as far as it is known. Blocks."""
        states = [(folder.clone, folder.clone.state()) for folder in self.folders]
        return [(clone, self._reason(state)) for clone, state in states if not state.commit]

    async def check(self) -> Sequence[CheckResult]:
        """Asks every server, and copies nothing."""
        return await asyncio.gather(*(self._check(folder) for folder in self.folders))

    def _reason(self, state: CloneState) -> str:
        return state.problem or message("label.not_tried")

    async def _refresh(self, folder: GitFolder) -> CheckResult:
        clone = folder.clone
        try:
            state = await clone.refresh()
        except GitFailed as error:
            return self._failed(clone, await asyncio.to_thread(clone.state), error)
        return await self._copied(folder, state)

    async def _refresh_forever(self, clone: GitClone) -> None:
        while True:
            state = await asyncio.to_thread(clone.state)
            await asyncio.sleep(self._wait(state, clone.now()).total_seconds())
            try:
                state = await clone.refresh()
                problem = ""
            except GitFailed as error:
                problem = str(error)
            except Exception:
                log.exception("%s: %s not refreshed", self.platform, clone.source)
                problem = "unexpected"
            self._report(clone, state, problem)
            if problem:
                pause = self.interval if state.commit else min(self.interval, FIRST_RETRY)
                await asyncio.sleep(pause.total_seconds())

    def _wait(self, state: CloneState, now: datetime) -> timedelta:
        """What is left of the interval: a restart does not ask the server once more."""
        if not state.commit or state.refreshed_at is None:
            return timedelta()
        return min(max(state.refreshed_at + self.interval - now, timedelta()), self.interval)

    def _report(self, clone: GitClone, state: CloneState, problem: str) -> None:
        """Each problem once, and the end of it."""
        before = self._logged.get(clone, "")
        self._logged[clone] = problem
        if problem and problem != before:
            log.warning("%s: %s not refreshed: %s", self.platform, clone.source, problem)
        elif before and not problem:
            log.info("%s: %s refreshed again, at %s", self.platform, clone.source, state.short_commit)

    async def _check(self, folder: GitFolder) -> CheckResult:
        clone = folder.clone
        state = await asyncio.to_thread(clone.state)
        try:
            await clone.look()
        except GitFailed as error:
            return self._failed(clone, state, error)
        if state.problem:
            return self._failed(clone, state, GitFailed(state.problem))
        if not state.commit:
            return check_result(MESSAGES, "local.health_check.git_not_copied", source=clone.source)
        return await self._copied(folder, state)

    async def _copied(self, folder: GitFolder, state: CloneState) -> CheckResult:
        count = len(await asyncio.to_thread(folder.files))
        key = ("git_empty", "git_one", "git")[min(count, 2)]
        facts = {"source": folder.clone.source, "commit": state.short_commit, "count": count}
        return check_result(MESSAGES, f"local.health_check.{key}", **facts)

    def _failed(self, clone: GitClone, state: CloneState, error: GitFailed) -> CheckResult:
        key = "git_missing" if isinstance(error, GitMissing) else "git_stale" if state.commit else "git_failed"
        facts = {"source": clone.source, "reason": error, "commit": state.short_commit}
        return check_result(MESSAGES, f"local.health_check.{key}", **facts, url=clone.source.url)
