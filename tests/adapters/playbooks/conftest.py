"""A site of each generation, with an adapter connected to it."""

from collections.abc import AsyncIterator

import pytest

from tests.adapters.playbooks.shapes import CURRENT, RECORDED
from tests.adapters.playbooks.subject import PlaybooksSubject, make

GENERATIONS = (RECORDED, CURRENT)


@pytest.fixture(params=GENERATIONS)
async def either(request: pytest.FixtureRequest) -> AsyncIterator[PlaybooksSubject]:
    """Both generations, one after the other."""
    async with make(generation=request.param) as subject:
        yield subject


@pytest.fixture
async def recorded_one() -> AsyncIterator[PlaybooksSubject]:
    async with make() as subject:
        yield subject


@pytest.fixture
async def current() -> AsyncIterator[PlaybooksSubject]:
    async with make(generation=CURRENT) as subject:
        yield subject
