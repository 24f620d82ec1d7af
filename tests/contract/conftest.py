"""A platform under test: ``subject`` is made anew for every test, of the test's ``kind``."""

from collections.abc import AsyncIterator

import pytest

from tests.contract.subject import Subject
from tests.contract.subjects import maker


@pytest.fixture
async def subject(kind: str) -> AsyncIterator[Subject]:
    async with maker(kind)() as subject:
        yield subject
