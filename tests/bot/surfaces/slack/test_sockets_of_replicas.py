"""Socket Mode with many replicas: two connections each, ten in all, and the others wait to take over."""

from contextlib import AsyncExitStack

from bot.services.duties import Duties
from bot.storage.claims import ConfirmedLocks
from bot.surfaces.slack.socket import SocketMode
from tests.bot.surfaces.slack.harness import start_surface
from tests.e2e.process import until
from tests.fakes.slack import Slack

WATCHDOG = {"probe_seconds": 0.2, "silence_seconds": 0.5}


async def test_spare_replicas_are_ready_and_take_over(slack: Slack, postgres_url: str) -> None:
    async with AsyncExitStack() as stack:
        replicas, duties = [], [Duties(ConfirmedLocks(postgres_url)) for _ in range(6)]
        for own in duties:
            stack.push_async_callback(own.stop)
            harness = await stack.enter_async_context(
                start_surface(slack, socket_mode=True, watchdog=WATCHDOG, duties=own)
            )
            replicas.append(harness.surface)
        await until(lambda: len(slack.sockets) == SocketMode.MOST)
        await until(lambda: all(surface.ready()["socket"] for surface in replicas))
        [spare] = [surface for surface in replicas if surface.reception().left_to_others]
        assert spare.reception().sockets == 0
        busy = next(own for own, surface in zip(duties, replicas, strict=True) if surface is not spare)
        await busy.stop()  # as when its process dies
        await until(lambda: spare.reception().sockets == SocketMode.COUNT)
        assert not spare.reception().left_to_others
        assert slack.most_sockets == SocketMode.MOST  # also while silent ones are replaced
