"""What operators see of replicas: in ``liaison doctor``, at ``/readyz`` and ``/metrics``, and after an upgrade."""

import asyncio
import re
from collections.abc import AsyncIterator
from importlib.metadata import version

import aiohttp
import pytest
import pytest_asyncio

from tests.databases import execute
from tests.e2e.mattermost_chat import MattermostChat
from tests.e2e.process import Liaison, until
from tests.e2e.replicas import Replicas, replicas
from tests.torture.wire import Wire


@pytest_asyncio.fixture(loop_scope="session")
async def two(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Replicas]:
    async with replicas(tmp_path_factory.mktemp("replicas"), 2, ("cutover",), chat=MattermostChat()) as found:
        yield found


async def get(liaison: Liaison, path: str) -> tuple[int, str]:
    async with aiohttp.ClientSession() as session, session.get(f"{liaison.url}{path}") as response:
        return response.status, await response.text()


def sockets(metrics: str) -> int:
    found = re.search(r'liaison_sockets_connected{surface="mattermost"} (\d)', metrics)
    return int(found[1]) if found else 0


async def test_doctor_names_each_replica_and_only_one_has_the_websocket(two: Replicas) -> None:
    async def has_websocket() -> list[int]:
        return [sockets((await get(liaison, "/metrics"))[1]) for liaison in two.all]

    async def one_has_it() -> bool:
        return sorted(await has_websocket()) == [0, 1]

    await until(one_has_it)
    assert [(await get(liaison, "/readyz"))[0] for liaison in two.all] == [200, 200]
    _, output = await two.all[0].run("doctor")
    for liaison in two.all:
        line = rf"ok   replica \S+:{liaison.port}: version {version('liaison')}, seen \d+ s ago, "
        assert re.search(line, output), output
    owner = (await has_websocket()).index(1)
    await two.all[owner].kill()

    async def taken_over() -> bool:
        return sockets((await get(two.all[1 - owner], "/metrics"))[1]) == 1

    await until(taken_over, within=10)
    room = two.new_scene().room
    two.deliver_to(1 - owner)
    await room.mention("help")
    await room.wait_for_text("start")


async def test_a_replica_that_is_cut_off_is_not_ready_and_comes_back(two: Replicas) -> None:
    async with Wire(two.server.port) as wire:
        folder = two.all[0].folder / "cut"
        folder.mkdir()
        url = str(two.settings["bot"]["database_url"]).replace(f":{two.server.port}/", f":{wire.port}/")
        async with Liaison(folder, {**two.settings, "bot": {**two.settings["bot"], "database_url": url}}) as third:
            wire.refuse()

            async def answers(status: int, path: str) -> bool:
                return (await get(third, path))[0] == status

            await until(lambda: answers(503, "/readyz"))
            await until(lambda: answers(503, "/readyz?only=database,engine"))
            assert (await get(third, "/healthz"))[0] == 200
            assert (await get(two.all[1], "/readyz"))[0] == 200
            await wire.accept()
            await until(lambda: answers(200, "/readyz"))


async def test_replicas_that_are_too_old_for_the_database_say_so_and_stop(two: Replicas) -> None:
    url = str(two.settings["bot"]["database_url"])
    await asyncio.to_thread(execute, url, "update compatibility set oldest = '9998'")
    await asyncio.to_thread(execute, url, "update alembic_version set version_num = '9999'")
    for liaison in two.all:
        assert await liaison.ended() == 1
        assert "written by a newer version of Liaison (revision 9999" in liaison.log.read_text()
