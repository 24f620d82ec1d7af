from collections.abc import AsyncIterator

import pytest

from tests.bot.surfaces.slack.harness import SlackHarness, start_surface
from tests.fakes.slack import Slack

ANA, BEN = "U0ANA", "U0BEN"
OPS = "C0OPS"


@pytest.fixture
async def slack() -> AsyncIterator[Slack]:
    async with Slack() as slack:
        slack.trigger_life = 60.0  # the machine may be slow; tests of expiry set their own
        slack.add_user(ANA, "ana", email="ana@acme.example", tz="Europe/Lisbon")
        slack.add_user(BEN, "ben")
        slack.add_channel(OPS, "ops", members=(ANA, BEN))
        yield slack


@pytest.fixture
async def harness(slack: Slack) -> AsyncIterator[SlackHarness]:
    async with start_surface(slack) as started:
        yield started
