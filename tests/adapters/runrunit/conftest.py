"""A running fake, and the adapter connected to it."""

from collections.abc import AsyncIterator

import pytest

from adapters.http.client import HttpClients
from adapters.runrunit.adapter import Runrunit
from tests.adapters.runrunit.fake import RunrunitFake
from tests.adapters.runrunit.harness import connect_adapter


@pytest.fixture
async def fake() -> AsyncIterator[RunrunitFake]:
    fake = RunrunitFake()
    async with fake:
        yield fake


@pytest.fixture
async def runrunit(fake: RunrunitFake, http: HttpClients) -> Runrunit:
    return connect_adapter(fake, http)
