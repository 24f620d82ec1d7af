from pathlib import Path

import pytest

from commands.language import due_time
from tests.commands.room import Room


@pytest.fixture
def room(tmp_path: Path) -> Room:
    return Room(tmp_path)


@pytest.fixture(scope="session", autouse=True)
def _words_of_times() -> None:
    """As the process does when it starts: the first time would take longer than a property test may."""
    due_time.warm_up()
