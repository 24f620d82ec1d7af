"""The commands of docs/operations.md, run as they stand there: backup, restore, upgrade, and new keys."""

import asyncio
import os
import re
import shutil
import sqlite3
import stat
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, closing
from pathlib import Path

import pytest_asyncio

from tests.databases import rows
from tests.e2e.conftest import Environment, Scene
from tests.e2e.mattermost_chat import MattermostChat
from tests.e2e.platforms import LocalPlatform
from tests.e2e.process import Liaison
from tests.postgresql import PostgresServer, empty_database

PAGE = Path(__file__).parent.parent.parent / "docs" / "operations.md"


def commands(heading: str) -> str:
    """The shell commands of a section."""
    section = PAGE.read_text().partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    return "".join(re.findall(r"^```sh\n(.*?)^```$", section, re.MULTILINE | re.DOTALL))


async def run(heading: str, folder: Path, config: Path, **environ: str) -> str:
    """Their output. They must succeed."""
    text = commands(heading)
    assert text, heading
    program, path = Path(sys.executable).parent, environ.get("PATH", os.environ["PATH"])
    process = await asyncio.create_subprocess_exec(
        *("sh", "-ec", text),
        cwd=folder,
        env={**os.environ, "LIAISON_CONFIG": str(config), **environ, "PATH": f"{program}:{path}"},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await asyncio.wait_for(process.communicate(), 100)
    assert process.returncode == 0, output.decode()
    return output.decode()


@pytest_asyncio.fixture(loop_scope="session")
async def own_scene(tmp_path: Path) -> AsyncIterator[Scene]:
    async with AsyncExitStack() as stack:
        chat = await stack.enter_async_context(MattermostChat())
        local = LocalPlatform(tmp_path / "runbooks")
        liaison = Liaison(tmp_path, {**chat.settings(), "platforms.local": local.settings()})
        liaison.config.chmod(0o600)
        chat.set_liaison_url(liaison.url)
        await stack.enter_async_context(liaison)
        yield Scene(Environment(chat, {"local": local}, liaison), chat.create_room())


def use_database(liaison: Liaison, url: str, folder: Path) -> None:
    """With the key that Liaison has made for the SQLite database in ``folder``."""
    key = (folder / "liaison.db.key").read_text().strip()
    other = re.compile(r'database_url = "[^"]+"(\nsecret_key = "[^"]+")?')
    settings, changed = other.subn(f'database_url = "{url}"\nsecret_key = "{key}"', liaison.config.read_text())
    assert changed == 1
    liaison.config.write_text(settings)


def count_runs(database: Path) -> int:
    with closing(sqlite3.connect(database)) as connection:
        return int(connection.execute("select count(*) from runs").fetchone()[0])


async def test_a_backup_of_a_running_database_is_restored_into_a_new_folder(
    own_scene: Scene, tmp_path: Path
) -> None:
    scene, liaison = own_scene, own_scene.liaison
    run_before = await scene.start_run(on="local")
    old_button = await scene.room.wait_for_button("Begin T1")
    await run("Backup", tmp_path, liaison.config)
    backup = tmp_path / "backup"
    assert {file.name for file in backup.iterdir()} == {"liaison.db", "liaison.db.key"}
    assert all(stat.S_IMODE(path.stat().st_mode) & 0o077 == 0 for path in (backup, *backup.iterdir()))
    assert count_runs(backup / "liaison.db") == 1
    await scene.start_run(on="local", room=scene.environment.chat.create_room())
    assert await liaison.stop() == 0

    restored = tmp_path / "restored"
    restored.mkdir()
    shutil.copytree(backup, restored / "backup")
    (restored / "liaison.db-wal").write_text("of the lost database")
    settings = liaison.config.read_text().replace(f"{tmp_path}/liaison.db", f"{restored}/liaison.db")
    liaison.config.write_text(settings)
    assert "0 to fix" in await run("Restore", restored, liaison.config)
    await liaison.start()
    assert count_runs(restored / "liaison.db") == 1
    await scene.room.click("Begin T1", old_button)
    await scene.room.wait_for_text(rf"(?s){run_before} .*T1 [^\n]+\n?[^\n]*running")


async def test_an_upgrade_keeps_the_runs(own_scene: Scene, tmp_path: Path) -> None:
    await own_scene.start_run(on="local")
    assert await own_scene.liaison.stop() == 0
    output = await run("Upgrade", tmp_path, own_scene.liaison.config)
    assert "is up to date" in output
    assert count_runs(tmp_path / "before-upgrade" / "liaison.db") == 1
    await own_scene.liaison.start()
    await own_scene.room.press("Begin T1")
    await own_scene.room.wait_for_text(r"T1 [^\n]+(\n| — )running")


async def test_after_a_new_secret_key_old_buttons_are_refused_and_show_posts_new_ones(
    own_scene: Scene, tmp_path: Path
) -> None:
    scene, liaison = own_scene, own_scene.liaison
    await scene.start_run(on="local")
    old_button = await scene.room.wait_for_button("Begin T1")
    assert await liaison.stop() == 0
    before = (tmp_path / "liaison.db.key").read_text()
    await run("Rotate keys and tokens", tmp_path, liaison.config)
    await liaison.start()
    assert (tmp_path / "liaison.db.key").read_text() != before
    assert (await scene.room.click("Begin T1", old_button)).status == 401
    await scene.room.command("show")
    await scene.room.wait_for_text("This card moved")
    await scene.room.press("Begin T1")
    await scene.room.wait_for_text(r"T1 [^\n]+(\n| — )running")


async def test_everything_moves_to_postgresql(own_scene: Scene, tmp_path: Path, postgres_url: str) -> None:
    scene, liaison = own_scene, own_scene.liaison
    number = await scene.start_run(on="local")
    old_button = await scene.room.wait_for_button("Begin T1")
    assert await liaison.stop() == 0
    output = await run("PostgreSQL", tmp_path, liaison.config, DATABASE_URL=postgres_url)
    assert "1  runs" in output
    use_database(liaison, postgres_url, tmp_path)
    await liaison.start()
    await scene.room.click("Begin T1", old_button)
    await scene.room.wait_for_text(rf"(?s){number} .*T1 [^\n]+\n?[^\n]*running")


async def test_a_backup_of_postgresql_is_restored_into_an_empty_database(
    own_scene: Scene, tmp_path: Path, postgres_url: str
) -> None:
    scene, liaison, programs = own_scene, own_scene.liaison, PostgresServer.client_programs()
    path = f"{programs}:{os.environ['PATH']}"
    assert await liaison.stop() == 0
    use_database(liaison, postgres_url, tmp_path)
    await liaison.start()
    run_before = await scene.start_run(on="local")
    old_button = await scene.room.wait_for_button("Begin T1")
    await run("Backup of PostgreSQL", tmp_path, liaison.config, DATABASE_URL=postgres_url, PATH=path)
    await scene.start_run(on="local", room=scene.environment.chat.create_room())
    assert await liaison.stop() == 0
    with empty_database() as restored:
        environ = {"EMPTY_DATABASE_URL": restored, "PATH": path}
        await run("Restore of PostgreSQL", tmp_path, liaison.config, **environ)
        assert rows(restored, "select count(*) from runs") == [(1,)]
        use_database(liaison, restored, tmp_path)
        await liaison.start()
        await scene.room.click("Begin T1", old_button)
        await scene.room.wait_for_text(rf"(?s){run_before} .*T1 [^\n]+\n?[^\n]*running")
        assert await liaison.stop() == 0


async def test_a_backup_never_overwrites_one(own_scene: Scene, tmp_path: Path) -> None:
    await run("Backup", tmp_path, own_scene.liaison.config)
    saved = (tmp_path / "backup" / "liaison.db").read_bytes()
    code, output = await own_scene.liaison.run("backup", str(tmp_path / "backup"))
    assert code == 1
    assert "Name a new folder" in output
    assert (tmp_path / "backup" / "liaison.db").read_bytes() == saved
