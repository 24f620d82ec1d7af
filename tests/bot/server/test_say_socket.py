"""``liaison say`` over its socket: who may open it, what comes back, what silence and death lead to."""

import asyncio
import socket
import stat
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from bot.server.say_socket import ConnectionCut, Reply, Request, SaySocket, SocketSilent, ask, carry
from bot.surfaces.console.surface import room
from commands.model.messages import Message, Via
from tests.bot.room import Room


@asynccontextmanager
async def door(path: Path, room: Room | None = None) -> AsyncIterator[SaySocket]:
    opened = SaySocket(path)
    await opened.open()
    if room is not None:
        opened.serve(lambda request: carry(room.hear, room.console, request))
    try:
        yield opened
    finally:
        await opened.close()


async def test_a_say_comes_back_as_the_card_drawn(tmp_path: Path) -> None:
    here = Room()
    async with door(tmp_path / "s.sock", here):
        reply = await ask(tmp_path / "s.sock", Request(text="start", user="ana", channel="inc"))
    assert reply.result == "done"
    assert reply.shown[0].lines == ("R1 Database failover", "[1 Finish T1]  [2 Status]")
    assert reply.shown[0].buttons == ("Finish T1", "Status")
    message = here.messages[0]
    assert (message.actor.id, message.actor.name, message.place.key) == ("ana", "Ana", room("inc").key)
    assert message.via is Via.SAY


async def test_the_socket_is_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "s.sock"
    async with door(path):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert not path.exists()


@pytest.mark.parametrize(("text", "result"), [("start", "done"), ("fail", "failed"), ("which", "question")])
async def test_every_result_is_told(tmp_path: Path, text: str, result: str) -> None:
    async with door(tmp_path / "s.sock", Room()):
        assert (await ask(tmp_path / "s.sock", Request(text=text))).result == result


@pytest.mark.parametrize("text", ["which", "busy"])
async def test_yes_answers_with_the_first_choice(tmp_path: Path, text: str) -> None:
    """Of the question, also when a card with buttons of its own is drawn after it."""
    here = Room()
    async with door(tmp_path / "s.sock", here):
        reply = await ask(tmp_path / "s.sock", Request(text=text, yes=True))
    assert reply.result == "done"
    press = here.messages[1]
    assert press.via is Via.BUTTON
    assert press.intent is not None
    assert press.intent["pick"] == {"run": "R1"}
    assert press.key != here.messages[0].key
    assert not any("Which one?" in line for block in reply.shown for line in block.lines), "it is answered"


async def test_what_was_not_recorded_is_not_called_failed(tmp_path: Path) -> None:
    async with door(tmp_path / "s.sock", Room()):
        reply = await ask(tmp_path / "s.sock", Request(text="unrecorded"))
    assert reply.result == ""
    assert "Not surely recorded" in reply.says


async def test_who_knocks_before_the_start_is_through_waits(tmp_path: Path) -> None:
    here = Room()
    async with door(tmp_path / "s.sock") as opened:
        asking = asyncio.create_task(ask(tmp_path / "s.sock", Request(text="start")))
        while not opened._talks:  # noqa: ASYNC110  it has no event for it
            await asyncio.sleep(0.01)
        opened.serve(lambda request: carry(here.hear, here.console, request))
        assert (await asking).result == "done"


async def test_nobody_there_is_silent(tmp_path: Path) -> None:
    with pytest.raises(SocketSilent):
        await ask(tmp_path / "gone.sock", Request(text="start"))


async def test_a_stopped_process_is_silent_and_is_handed_nothing(tmp_path: Path) -> None:
    path = tmp_path / "s.sock"
    with socket.socket(socket.AF_UNIX) as stopped:
        stopped.bind(str(path))
        stopped.listen()
        with pytest.raises(SocketSilent):
            await ask(path, Request(text="start"))
        stopped.settimeout(5)
        taken, _ = stopped.accept()
        with taken:
            taken.settimeout(5)
            assert taken.recv(100) == b""


async def test_a_cut_is_tried_again_with_the_same_id(tmp_path: Path) -> None:
    path = tmp_path / "s.sock"
    here = Room()
    taken = asyncio.Event()

    async def die_first(message: Message) -> None:
        taken.set()
        if len(here.messages) == 1:
            await asyncio.Event().wait()

    here.stuck = die_first
    first = SaySocket(path)
    await first.open()
    first.serve(lambda request: carry(here.hear, here.console, request))
    asking = asyncio.create_task(ask(path, Request(text="start")))
    await taken.wait()
    second = SaySocket(path)
    await second.open()
    second.serve(lambda request: carry(here.hear, here.console, request))
    await first.close(unlink=False)
    assert (await asking).result == "done"
    await second.close()
    assert here.messages[0].key == here.messages[1].key


async def test_a_process_that_dies_leaves_the_outcome_open(tmp_path: Path) -> None:
    path = tmp_path / "s.sock"
    here = Room()
    taken = asyncio.Event()

    async def never(message: Message) -> None:
        taken.set()
        await asyncio.Event().wait()

    here.stuck = never
    async with door(path, here):
        asking = asyncio.create_task(ask(path, Request(text="start")))
        await taken.wait()
    with pytest.raises(ConnectionCut):
        await asking


async def test_a_deep_folder_is_no_obstacle(tmp_path: Path) -> None:
    folder = tmp_path / ("d" * 100) / ("e" * 100)
    folder.mkdir(parents=True)
    async with door(folder / "liaison.db.sock", Room()):
        assert (await ask(folder / "liaison.db.sock", Request(text="start"))).result == "done"


async def test_what_is_no_request_gets_an_answer(tmp_path: Path) -> None:
    async with door(tmp_path / "s.sock", Room()):
        reader, writer = await asyncio.open_unix_connection(tmp_path / "s.sock")
        await reader.readline()
        writer.write(b"hello\n")
        reply = Reply.model_validate_json(await reader.readline())
        writer.close()
    assert reply.says == "This is not a request that I know."


async def test_a_line_without_end_is_hung_up_on(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async with door(tmp_path / "s.sock", Room()):
        reader, writer = await asyncio.open_unix_connection(tmp_path / "s.sock")
        await reader.readline()
        writer.write(b"x" * 40 * 2**20)
        with pytest.raises(ConnectionError):
            await writer.drain()
        writer.close()
        assert (await ask(tmp_path / "s.sock", Request(text="start"))).result == "done"
    assert "Unhandled exception" not in caplog.text
