"""A site of each generation, with an adapter connected to it."""

from collections.abc import AsyncIterator

import pytest

from tests.adapters.playbooks.harness import PlatformHarness, Playbooks2Harness

GENERATIONS = (PlatformHarness, Playbooks2Harness)


@pytest.fixture(params=GENERATIONS)
async def harness(request: pytest.FixtureRequest) -> AsyncIterator[PlatformHarness]:
    """Runs a test once for each generation."""
    async with request.param.open() as harness:
        yield harness


@pytest.fixture
async def playbooks_1() -> AsyncIterator[PlatformHarness]:
    async with PlatformHarness.open() as harness:
        yield harness


@pytest.fixture
async def playbooks_2() -> AsyncIterator[PlatformHarness]:
    async with Playbooks2Harness.open() as harness:
        yield harness
