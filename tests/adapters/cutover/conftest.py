"""A running fake, and the adapter connected to it."""

from collections.abc import AsyncIterator

import pytest

from adapters.cutover.adapter import Cutover
from adapters.http.client import HttpClients
from tests.adapters.cutover.fake import CutoverFake
from tests.adapters.cutover.harness import connect_adapter


@pytest.fixture
async def fake() -> AsyncIterator[CutoverFake]:
    fake = CutoverFake()
    async with fake:
        yield fake


@pytest.fixture
async def cutover(fake: CutoverFake, http: HttpClients) -> Cutover:
    return connect_adapter(fake, http)
