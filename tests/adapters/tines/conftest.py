"""A running fake and an adapter connected to it."""

from collections.abc import AsyncIterator

import pytest

from adapters.http.client import HttpClients
from adapters.tines.adapter import Tines
from tests.adapters.tines.fake import TinesFake
from tests.adapters.tines.harness import connect_adapter


@pytest.fixture
async def fake() -> AsyncIterator[TinesFake]:
    fake = TinesFake()
    async with fake:
        yield fake


@pytest.fixture
def tines(fake: TinesFake, http: HttpClients) -> Tines:
    return connect_adapter(fake, http)
