"""A started fake of the new API, one of the old, and the adapters that talk to them."""

from collections.abc import AsyncIterator

import pytest

from adapters.http.client import HttpClients
from adapters.xurrent.adapter import Xurrent
from tests.adapters.xurrent.fake import XurrentFake
from tests.adapters.xurrent.subject import connected


@pytest.fixture
async def fake() -> AsyncIterator[XurrentFake]:
    fake = XurrentFake()
    async with fake:
        yield fake


@pytest.fixture
async def xurrent(fake: XurrentFake, http: HttpClients) -> Xurrent:
    return connected(fake, http)


@pytest.fixture
async def old() -> AsyncIterator[XurrentFake]:
    fake = XurrentFake(flavour="itrp")
    async with fake:
        yield fake


@pytest.fixture
async def itrp(old: XurrentFake, http: HttpClients) -> Xurrent:
    return connected(old, http)
