"""A replica that was stopped, or cut off from the database, still lives when another one takes its work over."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import pytest_asyncio

from tests.e2e.conftest import Scene
from tests.e2e.kills import MortalLiaison
from tests.e2e.process import until
from tests.e2e.replicas import Replicas, replicas
from tests.torture.wire import Wire

TAKEN_OVER_SECONDS = 40.0  # including the time in which the request of the first one may be under way


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def shared(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Replicas]:
    async with replicas(tmp_path_factory.mktemp("takeover"), 2, ("cutover",), with_wires=True) as found:
        yield found


@pytest_asyncio.fixture(loop_scope="session")
async def two(shared: Replicas) -> AsyncIterator[Replicas]:
    await shared.start()
    shared.deliver_to(0)
    yield shared
    for liaison in shared.running:
        liaison.go_on()
    for wire in shared.wires:
        await wire.accept()
        wire.heal()
    shared.environment.cutover.faults.clear()


def other_than(two: Replicas, one: MortalLiaison) -> MortalLiaison:
    return next(liaison for liaison in two.all if liaison is not one)


def wire(two: Replicas, one: MortalLiaison) -> Wire:
    return two.wires[two.all.index(one)]


async def stopped_after_its_claim(two: Replicas, scene: Scene, line: str) -> MortalLiaison:
    """Whichever replica executes the command."""
    for liaison in two.all:
        liaison.stop_at("after", "sent")
    await scene.room.command(line)
    struck: MortalLiaison = await until(lambda: next((one for one in two.all if one.is_struck), None))
    for liaison in two.all:
        liaison.disarm()
    two.deliver_to(two.all.index(other_than(two, struck)))
    return struck


async def sends_slowly(two: Replicas, scene: Scene, line: str, seconds: float) -> MortalLiaison:
    """The replica whose request is under way now."""
    path = f"/runbooks/{scene.cutover_run(scene.card_handles()[-1]).id}/comments$"
    fault = scene.cutover.fault("slow", method="POST", path=path, seconds=seconds)
    for liaison in two.all:
        liaison.kill_at("after", "", 1_000_000)
    await scene.room.command(line)
    await until(fault.reached.is_set)
    sending: MortalLiaison = await until(lambda: next((one for one in two.all if one.has_sent()), None))
    for liaison in two.all:
        liaison.disarm()
    two.deliver_to(two.all.index(other_than(two, sending)))
    return sending


@asynccontextmanager
async def taking_over(liaison: MortalLiaison) -> AsyncIterator[None]:
    """At the end, ``liaison`` has taken a job over since the beginning."""
    before = liaison.log.read_text().count("job taken over")
    yield
    await until(lambda: liaison.log.read_text().count("job taken over") > before, within=TAKEN_OVER_SECONDS)


async def says_once(scene: Scene, text: str) -> None:
    """The comment is on the platform once, and its sender was told so."""
    await scene.wait_for_effects("comment", 1)
    await scene.wait_for_text(rf"commented on .*: {text}", within=TAKEN_OVER_SECONDS)
    assert scene.count_effects("comment") == 1
    lines = [line for line in scene.room.text().splitlines() if text in line]
    assert len([line for line in lines if "commented on" in line]) == 1, scene.room.text()


async def test_a_replica_that_was_stopped_before_it_sent_sends_nothing_when_it_goes_on(two: Replicas) -> None:
    scene = two.new_scene()
    await scene.start_run()
    struck = await stopped_after_its_claim(two, scene, "comment stopped")
    await scene.wait_for_effects("comment", 1, within=TAKEN_OVER_SECONDS)
    struck.go_on()
    await until(lambda: "taken over" in struck.log.read_text())
    await says_once(scene, "stopped")


async def test_a_replica_that_goes_on_in_time_sends_it_and_the_other_one_finds_it(two: Replicas) -> None:
    scene = two.new_scene()
    await scene.start_run()
    seen = {liaison: len(liaison.log.read_text()) for liaison in two.all}
    struck = await stopped_after_its_claim(two, scene, "comment in time")
    other = other_than(two, struck)
    await until(lambda: "job taken over" in other.log.read_text()[seen[other] :], within=TAKEN_OVER_SECONDS)
    struck.go_on()
    await says_once(scene, "in time")


async def test_a_replica_that_was_stopped_while_its_request_was_under_way(two: Replicas) -> None:
    scene = two.new_scene()
    await scene.start_run()
    sending = await sends_slowly(two, scene, "comment slowly", 17.0)
    sending.pause()
    await scene.wait_for_effects("comment", 1, within=TAKEN_OVER_SECONDS)
    sending.go_on()
    await says_once(scene, "slowly")


async def test_a_replica_that_lost_the_database_while_its_request_was_under_way(two: Replicas) -> None:
    scene = two.new_scene()
    await scene.start_run()
    sending = await sends_slowly(two, scene, "comment without a database", 8.0)
    async with taking_over(other_than(two, sending)):
        wire(two, sending).refuse()
    await wire(two, sending).accept()
    await says_once(scene, "without a database")
    await sending.wait_until_ready()


async def test_nothing_is_sent_while_the_database_cannot_be_reached(two: Replicas) -> None:
    """The platform was away, and comes back while no replica has the database."""
    scene = two.new_scene()
    await scene.start_run()
    async with scene.without_cutover():
        await scene.room.command("comment later")
        await scene.wait_for_text("Nothing was sent")
        for cut in two.wires:
            cut.refuse()
        await until(lambda: all("database" in liaison.log.read_text() for liaison in two.all))
    with pytest.raises(TimeoutError):
        await until(lambda: scene.count_effects("comment"), within=6)
    for cut in two.wires:
        await cut.accept()
    await says_once(scene, "later")
    for liaison in two.all:
        await liaison.wait_until_ready()
