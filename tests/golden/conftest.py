"""A golden house a module, opened and running: what 0.1 left behind, under the code that is checked out."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.golden import house
from tests.golden.house import House


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def golden(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    """Something was said in each chat while nobody listened; then the process was started."""
    async with house.restored(tmp_path_factory.mktemp("golden")) as opened:
        await opened.rooms["mattermost", "live"].mention("comment said while nobody listened")
        opened.look()
        await opened.liaison.start()
        yield opened
