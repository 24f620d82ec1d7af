"""A read-only copy of a folder in a Git repository, in the cache folder, and how it is refreshed.

The copy has ``repository.git`` (bare, and only the newest commit), ``checkouts/COMMIT`` and ``state.json``, which
says which checkout is the current one. A refresh writes a new checkout, then replaces ``state.json``, so readers
see all files of one commit. A refresh that fails changes nothing but the reason in ``state.json``.

Several processes may share it: ``liaison serve``, ``runbooks sync`` and ``doctor``.
"""

import asyncio
import hashlib
import os
import shutil
import tempfile
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TypeVar

from filelock import FileLock, Timeout
from pydantic import ValidationError

from adapters.local.git_program import GitFailed, git
from adapters.local.git_source import GitSource
from adapters.models import Model

FETCH_TIMEOUT_SECONDS = 300.0
LOCAL_TIMEOUT_SECONDS = 120.0  # of what needs no network
LOOK_TIMEOUT_SECONDS = 20.0
LOCK_TIMEOUT_SECONDS = 60.0  # another process may be refreshing it
KEEP_SECONDS = 60.0  # a checkout that was replaced: somebody may just be reading it
_REF = "refs/liaison/current"
_SHORT = 7  # characters of a commit, as people write it
T = TypeVar("T")


class CloneState(Model):
    """``commit``: of the current checkout. ``problem``: why the last refresh failed; empty if it did not."""

    commit: str = ""
    refreshed_at: datetime | None = None
    problem: str = ""

    @property
    def short_commit(self) -> str:
        return self.commit[:_SHORT]


@dataclass(frozen=True)
class GitClone:
    source: GitSource
    folder: Path
    now: Callable[[], datetime]

    @classmethod
    def open(cls, source: GitSource, cache: Path, now: Callable[[], datetime]) -> "GitClone":
        """Creates nothing yet."""
        identity = "\n".join((source.url, source.branch, source.folder))
        digest = hashlib.sha256(identity.encode()).hexdigest()[:12]
        return cls(source, cache / "runbooks" / f"{source.name}-{digest}", now)

    def state(self) -> CloneState:
        try:
            state = CloneState.model_validate_json((self.folder / "state.json").read_bytes())
        except (OSError, ValidationError):
            return CloneState()
        return state if self._checkout(state.commit).is_dir() else state.model_copy(update={"commit": ""})

    def current(self) -> tuple[Path, str] | None:
        """The folder with the files of the last good refresh, and its short commit. None before the first one."""
        state = self.state()
        return (self._checkout(state.commit), state.short_commit) if state.commit else None

    async def refresh(self) -> CloneState:
        """Raises ``GitFailed``, which is in the state then."""
        try:
            async with self._locked():
                before = await asyncio.to_thread(self.state)
                try:
                    commit = await self._fetch()
                    await self._check_out(commit)
                except GitFailed as error:
                    await _in_thread(self._store, before.model_copy(update={"problem": str(error)}))
                    raise
                state = CloneState(commit=commit, refreshed_at=self.now())
                await _in_thread(self._switch, before, state)
                return state
        except OSError as error:  # the cache folder cannot be written
            raise GitFailed(f"{self.folder} cannot be written: {error.strerror}") from error

    async def look(self) -> None:
        """Asks the server whether the branch is there, and copies nothing. Raises ``GitFailed``."""
        await git(
            self.source,
            *("ls-remote", "--quiet", "--exit-code", "--", self.source.url, self.source.ref),
            timeout=LOOK_TIMEOUT_SECONDS,
        )

    # How it is done

    @property
    def _repository(self) -> Path:
        return self.folder / "repository.git"

    def _checkout(self, commit: str) -> Path:
        return self.folder / "checkouts" / (commit or "none")

    @asynccontextmanager
    async def _locked(self) -> AsyncIterator[None]:
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        lock = FileLock(self.folder / "lock", mode=0o600, thread_local=False, is_singleton=False)
        deadline = time.monotonic() + LOCK_TIMEOUT_SECONDS
        while True:
            try:
                lock.acquire(timeout=0)
                break
            except Timeout:
                if time.monotonic() > deadline:
                    raise GitFailed("another process is still refreshing it") from None
            await asyncio.sleep(0.1)
        try:
            yield
        finally:
            lock.release()

    async def _fetch(self) -> str:
        """Gets the newest commit of the branch, and returns its id."""
        await self._prepare()
        await self._run(
            *("fetch", "--quiet", "--depth=1", "--no-tags", "--no-recurse-submodules", "--no-write-fetch-head"),
            *("--", self.source.url, f"+{self.source.ref}:{_REF}"),
            timeout=FETCH_TIMEOUT_SECONDS,
        )
        return await self._run("rev-parse", "--verify", "--quiet", f"{_REF}^{{commit}}")

    async def _prepare(self) -> None:
        """A process that was killed may have left locks, or half of a repository."""
        if self._repository.exists():
            try:
                await self._run("rev-parse", "--is-bare-repository")
            except GitFailed:
                await _in_thread(shutil.rmtree, self._repository)
        if not self._repository.exists():
            draft = self.folder / "draft.git"
            await _in_thread(shutil.rmtree, draft, True)
            arguments = ("init", "--quiet", "--bare", "--template=", str(draft))
            await git(self.source, *arguments, timeout=LOCAL_TIMEOUT_SECONDS)
            draft.rename(self._repository)
        for left in [*self._repository.glob("*.lock"), *(self._repository / "refs").rglob("*.lock")]:
            left.unlink(missing_ok=True)

    async def _check_out(self, commit: str) -> None:
        """Writes the files of the folder, without anything of the repository itself. Links stay links."""
        target = self._checkout(commit)
        if target.is_dir():
            return
        tree = f"{commit}:{self.source.folder}"
        if self.source.folder and await self._kind(tree) != "tree":
            raise GitFailed(f"there is no folder {self.source.folder} on that branch")
        target.parent.mkdir(exist_ok=True, mode=0o700)
        draft = Path(tempfile.mkdtemp(prefix=".draft-", dir=target.parent))
        index = str(draft) + ".index"
        try:
            await self._run("read-tree", tree, GIT_INDEX_FILE=index)
            await self._run("--work-tree", str(draft), "checkout-index", "--all", "--force", GIT_INDEX_FILE=index)
            await _in_thread(draft.rename, target)
        finally:
            with suppress(FileNotFoundError):
                os.unlink(index)
            await _in_thread(shutil.rmtree, draft, True)

    async def _kind(self, name: str) -> str:
        try:
            return await self._run("cat-file", "-t", name)
        except GitFailed:
            return ""

    async def _run(self, *arguments: str, timeout: float = LOCAL_TIMEOUT_SECONDS, **environment: str) -> str:
        return await git(
            self.source, "--git-dir", str(self._repository), *arguments, timeout=timeout, **environment
        )

    def _switch(self, before: CloneState, state: CloneState) -> None:
        self._store(state)
        if before.commit and before.commit != state.commit:
            os.utime(self._checkout(before.commit))  # from now on it is an old one
        for old in self._checkout("").parent.iterdir():
            with suppress(FileNotFoundError):
                if old.name == state.commit or old.stat().st_mtime > time.time() - KEEP_SECONDS:
                    continue
                shutil.rmtree(old, ignore_errors=True) if old.is_dir() else old.unlink()

    def _store(self, state: CloneState) -> None:
        draft, name = tempfile.mkstemp(prefix="state", dir=self.folder)  # mode 0600
        with os.fdopen(draft, "w", encoding="utf-8") as file:
            file.write(state.model_dump_json())
        os.replace(name, self.folder / "state.json")


async def _in_thread(work: Callable[..., T], *arguments: object) -> T:
    """When this is cancelled, it still waits for the end of the work: the lock must not be released before."""
    working = asyncio.ensure_future(asyncio.to_thread(work, *arguments))
    try:
        return await asyncio.shield(working)
    except asyncio.CancelledError:
        await asyncio.wait({working})
        raise
