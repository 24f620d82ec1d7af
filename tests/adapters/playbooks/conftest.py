"""A site of each generation, with an adapter connected to it."""

from collections.abc import AsyncIterator

import pytest

from tests.adapters.playbooks.fake_responses import CURRENT, RECORDED
from tests.adapters.playbooks.subject import PlaybooksSubject, make

GENERATIONS = (RECORDED, CURRENT)


@pytest.fixture(params=GENERATIONS)
async def subject(request: pytest.FixtureRequest) -> AsyncIterator[PlaybooksSubject]:
    """Runs a test once for each generation."""
    async with make(generation=request.param) as subject:
        yield subject


@pytest.fixture
async def playbooks_1() -> AsyncIterator[PlaybooksSubject]:
    async with make() as subject:
        yield subject


@pytest.fixture
async def playbooks_2() -> AsyncIterator[PlaybooksSubject]:
    async with make(generation=CURRENT) as subject:
        yield subject
