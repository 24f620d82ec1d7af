"""Property tests fail for what is wrong, not because a machine is slow. Databases for tests."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests import postgresql

settings.register_profile("any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any machine")

_run = ExitStack()


def pytest_configure() -> None:
    _run.enter_context(postgresql.shared_folder())


def pytest_unconfigure() -> None:
    _run.close()


@pytest.fixture
def postgres_url(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A new PostgreSQL database, with the tables. The files of a replica are made in the working directory."""
    monkeypatch.chdir(tmp_path)
    with postgresql.new_database() as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A new database: the test runs once on each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/liaison.db"
    url: str = request.getfixturevalue("postgres_url")
    return url
