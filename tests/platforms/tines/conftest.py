"""A started fake, and the adapter that talks to it."""

from collections.abc import AsyncIterator

import pytest

from adapters.http import Http
from adapters.tines.client import Tines
from tests.platforms.tines.fake import TinesFake
from tests.platforms.tines.subject import connected


@pytest.fixture
async def fake() -> AsyncIterator[TinesFake]:
    fake = TinesFake()
    async with fake:
        yield fake


@pytest.fixture
def tines(fake: TinesFake, http: Http) -> Tines:
    return connected(fake, http)
