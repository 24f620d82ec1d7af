from collections.abc import AsyncIterator

import pytest

from tests.bot.surfaces.mattermost.harness import MattermostHarness, start_surface


@pytest.fixture
async def harness() -> AsyncIterator[MattermostHarness]:
    async with start_surface() as started:
        yield started
