"""A started fake, and the adapter that talks to it."""

from collections.abc import AsyncIterator

import pytest

from adapters.cutover.client import Cutover
from adapters.http import Http
from tests.platforms.cutover.fake import CutoverFake
from tests.platforms.cutover.subject import connected


@pytest.fixture
async def fake() -> AsyncIterator[CutoverFake]:
    fake = CutoverFake()
    async with fake:
        yield fake


@pytest.fixture
async def cutover(fake: CutoverFake, http: Http) -> Cutover:
    return connected(fake, http)
