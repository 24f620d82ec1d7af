"""Runs a test on every surface."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from typing import Any

import pytest

from tests.bot.surfaces.console_harness import start_console
from tests.bot.surfaces.harness import SurfaceHarness
from tests.bot.surfaces.mattermost_harness import start_mattermost
from tests.bot.surfaces.slack_harness import start_slack

STARTS: Mapping[str, Callable[[], AbstractAsyncContextManager[Any]]] = {
    "console": start_console,
    "mattermost": start_mattermost,
    "slack": start_slack,
}


@pytest.fixture(autouse=True)
def no_pace(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests of what is sent need not wait for when it may be sent: ``test_budgets`` and the e2e tests do."""
    monkeypatch.setattr("bot.surfaces.slack.client.SECONDS_PER_CHANNEL", {})
    monkeypatch.setattr("bot.surfaces.mattermost.posting.SECONDS_BETWEEN_EDITS", 0.0)


@pytest.fixture(params=sorted(STARTS))
async def harness(request: pytest.FixtureRequest) -> AsyncIterator[SurfaceHarness]:
    async with STARTS[request.param]() as started:
        yield started
