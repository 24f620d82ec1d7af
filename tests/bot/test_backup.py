"""``liaison backup`` writes a complete copy or nothing."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from bot.backup import CannotBackUp, back_up
from bot.config.settings import Settings, load
from bot.server.serve import migrate


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load(None, {"LIAISON_BOT__DATABASE_URL": f"sqlite:///{tmp_path}/liaison.db"})


async def test_a_configured_key_is_not_copied(settings: Settings, tmp_path: Path) -> None:
    await migrate(settings)
    key = {"LIAISON_BOT__SECRET_KEY": "k" * 32, "LIAISON_BOT__DATABASE_URL": settings.bot.database_url}
    [copy] = back_up(load(None, key), tmp_path / "deep" / "backup")
    with closing(sqlite3.connect(copy)) as database:
        assert database.execute("select count(*) from runs").fetchone() == (0,)


def test_without_a_database_nothing_is_written(settings: Settings, tmp_path: Path) -> None:
    with pytest.raises(CannotBackUp, match="There is no database at"):
        back_up(settings, tmp_path / "backup")
    assert not (tmp_path / "backup").exists()


def test_of_a_corrupt_database_nothing_is_written(settings: Settings, tmp_path: Path) -> None:
    settings.store_path.write_bytes(b"not a database" * 1000)
    with pytest.raises(CannotBackUp, match=r"can't be copied: .*\. Nothing was written"):
        back_up(settings, tmp_path / "backup")
    assert not (tmp_path / "backup").exists()


def test_postgresql_has_its_own_tool(tmp_path: Path) -> None:
    url = "postgresql://liaison:secret@db:5433/liaison?sslmode=require"
    settings = load(None, {"LIAISON_BOT__DATABASE_URL": url, "LIAISON_BOT__SECRET_KEY": "k" * 32})
    with pytest.raises(CannotBackUp) as caught:
        back_up(settings, tmp_path / "backup")
    command = "pg_dump --format=custom --file=liaison.dump --dbname="
    assert f"{command}postgresql://liaison@db:5433/liaison?sslmode=require" in str(caught.value)
    assert not (tmp_path / "backup").exists()
