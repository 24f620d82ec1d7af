"""Runbooks from a real Git repository: copied, refreshed, kept when that fails, and never half of one commit."""

import asyncio
import os
import shutil
import threading
import time
from datetime import timedelta
from pathlib import Path

import pytest

from adapters.errors import NotFound
from adapters.http.client import HttpClients
from adapters.local import LocalSettings
from adapters.local import git_program as program
from adapters.local.adapter import LocalAdapter
from adapters.local.git_clone import KEEP_SECONDS, GitClone
from adapters.local.git_program import GitFailed
from adapters.local.git_source import parse_git_source
from adapters.protocol import CheckResult, CheckStatus, Resources
from tests.adapters.local.git_server import GitRepository, all_commands, run_git, serve_https
from tests.adapters.local.harness import utc_now
from tests.adapters.local.store import MemoryRuns
from tests.adapters.local.writes import start_run
from tests.e2e.process import until

RESTART = "# Restart the api\n\n- [ ] Drain it\n"


@pytest.fixture
def repository(tmp_path: Path) -> GitRepository:
    made = GitRepository.create(tmp_path)
    made.push(
        {"books/restart.md": RESTART, "books/db/failover.md": "# Fail over\n- [ ] Look\n", "other.md": "# No\n"}
    )
    return made


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache"


def adapter(cache: Path, *addresses: str, **settings: object) -> LocalAdapter:
    path, *more = addresses
    parsed = LocalSettings.model_validate({"path": path, "paths": more, **settings})
    return LocalAdapter("local", parsed, Resources(HttpClients(), utc_now, MemoryRuns(), cache))


async def ids(local: LocalAdapter) -> list[str]:
    return [runbook.key.id for runbook in await local.runbooks("")]


def clone_of(address: str, cache: Path) -> GitClone:
    return GitClone.open(parse_git_source(address), cache, utc_now)


async def sync(local: LocalAdapter) -> CheckResult:
    (result,) = await local.sync_runbooks()
    return result


async def test_a_folder_of_a_branch_is_listed_after_the_first_sync(repository: GitRepository, cache: Path) -> None:
    repository.push({"books/draft.md": "# Draft\n- [ ] Look\n"}, branch="draft")
    local = adapter(cache, f"{repository.address}#main:books")
    before = await local.runbooks("")
    assert (list(before), before.complete, before.gap) == ([], False, "local.not_copied")
    assert before.gap_facts["source"].endswith("/ops#main:books")
    assert (await sync(local)).status is CheckStatus.OK
    listed = await local.runbooks("")
    assert [(book.key.id, book.folder) for book in listed] == [("db/failover.md", "db"), ("restart.md", "")]
    assert listed.complete
    drafts = adapter(cache, f"{repository.address}#draft:books")
    await sync(drafts)
    assert "draft.md" in await ids(drafts)


async def test_a_run_keeps_its_commit_and_its_text(repository: GitRepository, cache: Path) -> None:
    first = repository.push({"books/restart.md": RESTART + "- [ ] Restart it\n"})
    local = adapter(cache, f"{repository.address}#main:books")
    await sync(local)
    run = await start_run(local, "restart.md")
    assert run.source == f"books@{first}"
    second = repository.push({"books/restart.md": RESTART})
    await sync(local)
    assert [task.title for task in (await local.read(run.key.id)).tasks] == ["Drain it", "Restart it"]
    versions = await local.runbook_versions(run.key.id)
    assert (versions.started_as, versions.current_as) == (f"books@{first}", f"books@{second}")
    assert (versions.started, versions.current) == (RESTART + "- [ ] Restart it\n", RESTART)
    repository.push({"books/restart.md": None})
    await sync(local)
    assert (await local.runbook_versions(run.key.id)).current is None


async def test_another_folder_is_listed_beside_one_that_was_never_copied(
    folder: Path, repository: GitRepository, cache: Path
) -> None:
    local = adapter(cache, str(folder), f"{repository.address}#main:books")
    assert await ids(local) == ["failover.md"]
    await sync(local)
    assert await ids(local) == ["books/db/failover.md", "books/restart.md", "failover.md"]
    assert (await start_run(local, "failover.md")).source == ""


async def test_a_refresh_that_fails_keeps_the_last_copy_and_says_why(
    repository: GitRepository, cache: Path
) -> None:
    local = adapter(cache, f"{repository.address}#main:books")
    await sync(local)
    away = repository.bare.rename(repository.bare.with_name("away.git"))
    failed = await sync(local)
    assert (failed.status, "can't be refreshed" in failed.summary) == (CheckStatus.FIX, True)
    assert await ids(local) == ["db/failover.md", "restart.md"]
    assert (await local.runbooks("")).complete
    (line,) = [line for line in await local.check() if line.status is CheckStatus.FIX]
    assert "does not appear to be a git repository" in line.summary
    away.rename(repository.bare)
    assert (await sync(local)).status is CheckStatus.OK


@pytest.mark.parametrize(
    ("inside", "reason"),
    [
        ("#main:nowhere", "no folder nowhere"),
        ("#gone", "refs/heads/gone"),
        ("#main:books/restart.md", "no folder"),
    ],
)
async def test_what_is_not_there_is_said(repository: GitRepository, cache: Path, inside: str, reason: str) -> None:
    local = adapter(cache, repository.address + inside)
    failed = await sync(local)
    assert failed.status is CheckStatus.FIX
    assert reason in failed.summary
    listed = await local.runbooks("")
    assert reason in listed.gap_facts["reason"]
    with pytest.raises(NotFound):
        await local.runbook("restart.md")


async def test_a_rewritten_branch_replaces_the_copy(repository: GitRepository, cache: Path) -> None:
    local = adapter(cache, f"{repository.address}#main:books")
    await sync(local)
    run_git("checkout", "--quiet", "--orphan", "new", cwd=repository.work)
    run_git("rm", "-r", "--quiet", "--force", ".", cwd=repository.work)
    repository.push({"books/new.md": "# New\n- [ ] Look\n"}, branch="main")
    await sync(local)
    assert await ids(local) == ["new.md"]


async def test_readers_see_the_files_of_one_commit(repository: GitRepository, cache: Path) -> None:
    """While it is refreshed again and again, every listing has all files, and all of one version."""

    def files(version: int) -> dict[str, str | None]:
        return {f"books/{number}.md": f"# {number} of {version}\n- [ ] Look\n" for number in range(20)}

    repository.push({"books/restart.md": None, "books/db/failover.md": None, **files(0)})
    local = adapter(cache, f"{repository.address}#main:books")
    await sync(local)
    seen: set[str] = set()
    stopping = threading.Event()

    def read() -> None:
        while not stopping.is_set():
            titles = [file.procedure.title for file in local._library.files()]
            assert len(titles) == 20
            versions = {title.split()[-1] for title in titles}
            assert len(versions) == 1, titles
            seen.update(versions)

    reading = asyncio.create_task(asyncio.to_thread(read))
    for version in range(1, 6):
        await asyncio.to_thread(repository.push, files(version))
        await sync(local)
    stopping.set()
    await reading
    assert len(seen) > 2


async def test_old_checkouts_are_removed_after_a_minute(repository: GitRepository, cache: Path) -> None:
    clone = clone_of(f"{repository.address}#main:books", cache)
    await clone.refresh()
    for text in ("second", "third"):
        repository.push({"books/restart.md": f"# Restart {text}\n- [ ] Look\n"})
        await clone.refresh()
    checkouts = list((clone.folder / "checkouts").iterdir())
    assert len(checkouts) == 3
    for checkout in checkouts:
        os.utime(checkout, times=(time.time() - KEEP_SECONDS - 1,) * 2)
    await clone.refresh()
    assert list((clone.folder / "checkouts").iterdir()) == [clone.folder / "checkouts" / clone.state().commit]


async def test_what_a_killed_refresh_left_behind_does_not_matter(repository: GitRepository, cache: Path) -> None:
    clone = clone_of(f"{repository.address}#main:books", cache)
    await clone.refresh()
    for left in ("shallow.lock", "config.lock", "refs/liaison/current.lock"):
        (clone.folder / "repository.git" / left).write_text("")
    repository.push({"books/restart.md": "# Second\n- [ ] Look\n"})
    await clone.refresh()
    (clone.folder / "repository.git" / "HEAD").unlink()
    commit = repository.push({"books/restart.md": "# Third\n- [ ] Look\n"})
    assert (await clone.refresh()).short_commit == commit
    (clone.folder / "state.json").write_text("{")
    assert clone.current() is None
    assert (await clone.refresh()).short_commit == commit
    shutil.rmtree(clone.folder / "checkouts")
    assert clone.current() is None
    assert (await clone.refresh()).short_commit == commit
    assert clone.current() is not None


async def test_processes_that_refresh_at_once_wait_for_each_other(repository: GitRepository, cache: Path) -> None:
    clones = [clone_of(f"{repository.address}#main:books", cache) for _ in range(4)]
    states = await asyncio.gather(*(clone.refresh() for clone in clones))
    assert len({state.commit for state in states}) == 1


async def test_links_lead_nowhere_outside_of_the_copy(
    repository: GitRepository, cache: Path, tmp_path: Path
) -> None:
    secret = tmp_path / "secret"
    secret.mkdir()
    (secret / "keys.md").write_text("# Keys\n- [ ] Look\n")
    (repository.work / "linked").symlink_to(secret)
    (repository.work / "books" / "keys.md").symlink_to(secret / "keys.md")
    (repository.work / "books" / "more").symlink_to(secret)
    (repository.work / "books" / "again.md").symlink_to("restart.md")
    repository.commit()
    local = adapter(cache, f"{repository.address}#main:books")
    await sync(local)
    assert await ids(local) == ["again.md", "db/failover.md", "keys.md", "restart.md"]
    problems = [line.summary for line in await local.check() if "keys.md" in line.summary]
    assert problems == ["keys.md is a link that leads outside the runbook folder, so it wasn't opened."]
    assert "no folder" in (await sync(adapter(cache, f"{repository.address}#main:linked"))).summary


async def test_nothing_of_the_repository_is_executed(
    repository: GitRepository, cache: Path, tmp_path: Path
) -> None:
    """A filter that its attributes name is not defined there, and hooks are not taken from anywhere."""
    ran = tmp_path / "ran"
    (repository.work / "books" / ".gitattributes").write_text("*.md filter=evil\n")
    (repository.work / "books" / ".gitmodules").write_text('[submodule "x"]\n\tpath = x\n\turl = ext::sh -c id\n')
    (repository.bare / "hooks" / "post-checkout").write_text(f"#!/bin/sh\ntouch {ran}\n")
    (repository.bare / "hooks" / "post-checkout").chmod(0o755)
    repository.commit()
    local = adapter(cache, f"{repository.address}#main:books")
    assert (await sync(local)).status is CheckStatus.OK
    assert await ids(local) == ["db/failover.md", "restart.md"]
    assert not ran.exists()


async def test_the_password_of_an_address_reaches_the_server_and_nothing_else(
    repository: GitRepository, cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serve_https(repository, "ana", "s3cr@t word", tmp_path) as server:
        monkeypatch.setenv("GIT_SSL_CAINFO", str(server.certificate))
        place = f"localhost:{server.port}/ops.git#main:books"
        local = adapter(cache, f"git+https://ana:s3cr%40t%20word@{place}")
        assert (await sync(local)).status is CheckStatus.OK
        assert await ids(local) == ["db/failover.md", "restart.md"]
        assert (await local.check())[0].status is CheckStatus.OK
        wrong = adapter(cache / "other", f"git+https://ana:wr0ng@{place}")
        failed = await sync(wrong)
        assert "Authentication failed" in failed.summary
        none = await sync(adapter(cache / "third", f"git+https://{place}"))
        assert "terminal prompts disabled" in none.summary
    said = repr((await local.check(), await wrong.check(), failed, await wrong.runbooks("")))
    stored = await asyncio.to_thread(_everything_in, cache)
    commands = "\n".join(server.commands)
    assert f":{server.port}/ops.git" in commands
    for secret in ("s3cr@t", "s3cr%40t", "wr0ng"):
        assert secret not in said
        assert secret not in stored
        assert secret not in commands


async def test_a_token_may_stand_in_place_of_the_user(
    repository: GitRepository, cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serve_https(repository, "t0ken$(id)", "", tmp_path) as server:
        monkeypatch.setenv("GIT_SSL_CAINFO", str(server.certificate))
        local = adapter(cache, f"git+https://t0ken%24%28id%29@localhost:{server.port}/ops.git#main:books")
        assert (await sync(local)).status is CheckStatus.OK


async def test_a_server_that_says_nothing_is_given_up_with_all_processes(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("adapters.local.git_clone.FETCH_TIMEOUT_SECONDS", 0.5)
    monkeypatch.setenv("GIT_SSL_NO_VERIFY", "1")
    silent = await asyncio.start_server(lambda reader, writer: asyncio.sleep(60), "127.0.0.1", 0)
    port = silent.sockets[0].getsockname()[1]
    clone = clone_of(f"git+https://127.0.0.1:{port}/ops.git", cache)
    with pytest.raises(GitFailed, match="no answer within"):
        await clone.refresh()
    assert clone.state().problem == "no answer within 0 s"
    assert not _processes_with(f":{port}/ops.git")
    silent.close()


@pytest.mark.parametrize("delay", [0.0, 0.003, 0.01, 0.03])
async def test_a_refresh_that_is_cancelled_at_any_moment_ends(
    repository: GitRepository, cache: Path, delay: float
) -> None:
    clone = clone_of(f"{repository.address}#main:books", cache)
    for number in range(4):
        refreshing = asyncio.create_task(clone.refresh())
        await asyncio.sleep(delay * (number + 1))
        refreshing.cancel()
        async with asyncio.timeout(5):
            await asyncio.gather(refreshing, return_exceptions=True)
    assert (await clone.refresh()).commit


async def test_a_refresh_that_is_cancelled_leaves_no_process(cache: Path) -> None:
    silent = await asyncio.start_server(lambda reader, writer: asyncio.sleep(60), "127.0.0.1", 0)
    port = silent.sockets[0].getsockname()[1]
    clone = clone_of(f"git+https://127.0.0.1:{port}/ops.git", cache)
    refreshing = asyncio.create_task(clone.refresh())
    await until(lambda: _processes_with(f":{port}/ops.git"))
    refreshing.cancel()
    await asyncio.gather(refreshing, return_exceptions=True)
    await asyncio.sleep(0.1)
    assert not _processes_with(f":{port}/ops.git")
    silent.close()


def _everything_in(folder: Path) -> str:
    return "".join(path.read_text(errors="replace") for path in folder.rglob("*") if path.is_file())


def _processes_with(argument: str) -> list[str]:
    programs = ("git", "/usr/lib/git-core", "/usr/libexec/git-core")
    return [command for command in all_commands() if argument in command and command.startswith(programs)]


async def test_a_machine_without_git_says_so(
    repository: GitRepository, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    local = adapter(cache, repository.address)
    assert "git program isn't installed" in (await sync(local)).summary
    assert "git program isn't installed" in (await local.check())[0].summary


async def test_a_cache_folder_that_cannot_be_written_is_said(repository: GitRepository, cache: Path) -> None:
    run_git("init", "--quiet", str(cache / "x"), cwd=cache.parent)
    cache = cache / "x" / ".git" / "HEAD"  # a file
    assert "cannot be written" in (await sync(adapter(cache, repository.address))).summary


async def test_copies_are_refreshed_in_turn_and_a_problem_is_logged_once(
    repository: GitRepository, cache: Path, caplog: pytest.LogCaptureFixture
) -> None:
    quick = LocalSettings.model_validate({"path": f"{repository.address}#main:books"})
    quick = quick.model_copy(update={"refresh": timedelta(milliseconds=200)})
    local = LocalAdapter("local", quick, Resources(HttpClients(), utc_now, MemoryRuns(), cache))
    caplog.set_level("INFO")
    syncing = asyncio.create_task(local.sync_runbooks_forever())
    await until(lambda: local._library.git_folders[0].clone.current() is not None)
    commit = repository.push({"books/new.md": "# New\n- [ ] Look\n"})
    await until(lambda: local._library.git_folders[0].clone.state().short_commit == commit)
    away = repository.bare.rename(repository.bare.with_name("away.git"))
    await asyncio.sleep(1.5)
    away.rename(repository.bare)
    await until(lambda: "refreshed again" in caplog.text)
    syncing.cancel()
    assert caplog.text.count("not refreshed") == 1, caplog.text


def test_git_gets_no_secrets_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIAISON_SLACK__BOT_TOKEN", "xoxb")
    monkeypatch.setenv("GIT_DIR", "/elsewhere")
    environment = program._environment(parse_git_source("git+https://host/ops"))
    assert not any(name.startswith("LIAISON") for name in environment)
    assert "GIT_DIR" not in environment
    assert environment["GIT_TERMINAL_PROMPT"] == "0"
