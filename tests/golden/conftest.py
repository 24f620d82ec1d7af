"""Starts the current code on the database and the chats that version 0.1 left behind, once per module."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.golden import environment
from tests.golden.environment import Environment


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def golden(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Environment]:
    """A mention was posted on Mattermost before the process was started."""
    async with environment.restored_environment(tmp_path_factory.mktemp("golden")) as opened:
        await opened.rooms["mattermost", "live"].mention("comment said while nobody listened")
        opened.capture_messages()
        await opened.liaison.start()
        yield opened
