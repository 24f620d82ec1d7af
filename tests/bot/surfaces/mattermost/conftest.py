from collections.abc import AsyncIterator

import pytest

from tests.bot.surfaces.mattermost.rig import Rig, rigged


@pytest.fixture
async def rig() -> AsyncIterator[Rig]:
    async with rigged() as made:
        yield made
