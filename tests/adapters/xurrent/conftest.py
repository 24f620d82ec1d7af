"""Started fakes of the new and the old API, and an adapter for each."""

from collections.abc import AsyncIterator

import pytest

from adapters.http.client import HttpClients
from adapters.xurrent.adapter import XurrentAdapter
from tests.adapters.xurrent.fake import XurrentFake
from tests.adapters.xurrent.harness import connect_adapter


@pytest.fixture
async def fake() -> AsyncIterator[XurrentFake]:
    fake = XurrentFake()
    async with fake:
        yield fake


@pytest.fixture
async def xurrent(fake: XurrentFake, http: HttpClients) -> XurrentAdapter:
    return connect_adapter(fake, http)


@pytest.fixture
async def itrp_fake() -> AsyncIterator[XurrentFake]:
    fake = XurrentFake(flavour="itrp")
    async with fake:
        yield fake


@pytest.fixture
async def itrp(itrp_fake: XurrentFake, http: HttpClients) -> XurrentAdapter:
    return connect_adapter(itrp_fake, http)
