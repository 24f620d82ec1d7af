"""A started fake, and the adapter that talks to it."""

from collections.abc import AsyncIterator

import pytest

from adapters.http import Http
from adapters.runrunit.client import Runrunit
from tests.platforms.runrunit.fake import RunrunitFake
from tests.platforms.runrunit.subject import connected


@pytest.fixture
async def fake() -> AsyncIterator[RunrunitFake]:
    fake = RunrunitFake()
    async with fake:
        yield fake


@pytest.fixture
async def runrunit(fake: RunrunitFake, http: Http) -> Runrunit:
    return connected(fake, http)
