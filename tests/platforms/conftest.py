"""What the tests of every platform's adapter need."""

from collections.abc import AsyncIterator

import pytest

from adapters.http import Http


@pytest.fixture
async def http() -> AsyncIterator[Http]:
    http = Http()
    yield http
    await http.close()
