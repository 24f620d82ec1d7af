"""The same suite over every surface."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from typing import Any

import pytest

from tests.bot.surfaces.console_stand import console_stand
from tests.bot.surfaces.mattermost_stand import mattermost_stand
from tests.bot.surfaces.slack_stand import slack_stand
from tests.bot.surfaces.stands import Stand

STANDS: Mapping[str, Callable[[], AbstractAsyncContextManager[Any]]] = {
    "console": console_stand,
    "mattermost": mattermost_stand,
    "slack": slack_stand,
}


@pytest.fixture(params=sorted(STANDS))
async def stand(request: pytest.FixtureRequest) -> AsyncIterator[Stand]:
    async with STANDS[request.param]() as made:
        yield made
