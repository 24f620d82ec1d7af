"""``liaison say`` over its socket: permissions, replies, silent and dying processes."""

import asyncio
import socket
import stat
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from bot.server.say_socket import (
    ConnectionCut,
    Reply,
    Request,
    RequestHandler,
    SaySocket,
    SocketSilent,
    execute_request,
    send_request,
)
from bot.surfaces.console.surface import room
from commands.model.messages import Message, Via
from tests.bot.scripted_app import ScriptedApp
from tests.e2e.process import until


def handler_of(app: ScriptedApp) -> RequestHandler:
    return lambda request: execute_request(app.handle, app.console, request)


@asynccontextmanager
async def listening(path: Path, app: ScriptedApp | None = None) -> AsyncIterator[SaySocket]:
    say_socket = SaySocket(path)
    await say_socket.open()
    if app is not None:
        say_socket.serve(handler_of(app))
    try:
        yield say_socket
    finally:
        await say_socket.close()


async def test_the_reply_contains_the_drawn_card(tmp_path: Path) -> None:
    app = ScriptedApp()
    async with listening(tmp_path / "s.sock", app):
        reply = await send_request(tmp_path / "s.sock", Request(text="start", user="ana", channel="inc"))
    assert reply.result == "done"
    assert reply.shown[0].lines == ("R1 Database failover", "[1 Finish T1]  [2 Status]")
    assert reply.shown[0].buttons == ("Finish T1", "Status")
    message = app.messages[0]
    assert (message.actor.id, message.actor.name, message.place.key) == ("ana", "Ana", room("inc").key)
    assert message.via is Via.SAY


async def test_only_the_owner_can_open_the_socket(tmp_path: Path) -> None:
    path = tmp_path / "s.sock"
    async with listening(path):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert not path.exists()


@pytest.mark.parametrize(("text", "result"), [("start", "done"), ("fail", "failed"), ("which", "question")])
async def test_the_reply_has_the_result(tmp_path: Path, text: str, result: str) -> None:
    async with listening(tmp_path / "s.sock", ScriptedApp()):
        assert (await send_request(tmp_path / "s.sock", Request(text=text))).result == result


async def test_yes_never_chooses_between_things(tmp_path: Path) -> None:
    app = ScriptedApp()
    async with listening(tmp_path / "s.sock", app):
        reply = await send_request(tmp_path / "s.sock", Request(text="which", yes=True))
    assert reply.result == "question"
    assert len(app.messages) == 1, "nothing was pressed"
    assert reply.shown[0].buttons == ("R1", "R2"), "the choices are shown"


@pytest.mark.parametrize("text", ["sure", "busy"])
async def test_yes_confirms_a_question(tmp_path: Path, text: str) -> None:
    """Also if a card with buttons of its own is drawn after the question."""
    app = ScriptedApp()
    async with listening(tmp_path / "s.sock", app):
        reply = await send_request(tmp_path / "s.sock", Request(text=text, yes=True))
    assert reply.result == "done"
    press = app.messages[1]
    assert press.via is Via.BUTTON
    assert press.intent is not None
    assert press.intent["pick"] == {"run": "R1", "confirmed": True}
    assert press.key != app.messages[0].key
    assert not any("End R1?" in line for block in reply.shown for line in block.lines), "it is answered"


async def test_a_command_that_was_not_recorded_has_not_failed(tmp_path: Path) -> None:
    async with listening(tmp_path / "s.sock", ScriptedApp()):
        reply = await send_request(tmp_path / "s.sock", Request(text="unrecorded"))
    assert reply.result == ""
    assert "may not have been recorded" in reply.text


async def test_a_request_before_the_start_is_complete_waits(tmp_path: Path) -> None:
    app = ScriptedApp()
    async with listening(tmp_path / "s.sock") as say_socket:
        sending = asyncio.create_task(send_request(tmp_path / "s.sock", Request(text="start")))
        while not say_socket._connections:  # noqa: ASYNC110  there is no event for it
            await asyncio.sleep(0.01)
        say_socket.serve(handler_of(app))
        assert (await sending).result == "done"


async def test_a_missing_socket_counts_as_silent(tmp_path: Path) -> None:
    with pytest.raises(SocketSilent):
        await send_request(tmp_path / "gone.sock", Request(text="start"))


async def test_a_hung_process_is_silent_and_gets_no_request(tmp_path: Path) -> None:
    path = tmp_path / "s.sock"
    with socket.socket(socket.AF_UNIX) as hung:
        hung.bind(str(path))
        hung.listen()
        with pytest.raises(SocketSilent):
            await send_request(path, Request(text="start"))
        hung.settimeout(5)
        connection, _ = hung.accept()
        with connection:
            connection.settimeout(5)
            assert connection.recv(100) == b""


async def test_a_cut_connection_is_retried_with_the_same_id(tmp_path: Path) -> None:
    path = tmp_path / "s.sock"
    app = ScriptedApp()
    received = asyncio.Event()

    async def block_first(message: Message) -> None:
        received.set()
        if len(app.messages) == 1:
            await asyncio.Event().wait()

    app.before_answer = block_first
    first = SaySocket(path)
    await first.open()
    first.serve(handler_of(app))
    sending = asyncio.create_task(send_request(path, Request(text="start")))
    await received.wait()
    second = SaySocket(path)
    await second.open()
    second.serve(handler_of(app))
    await first.close(unlink=False)
    assert (await sending).result == "done"
    await second.close()
    assert app.messages[0].key == app.messages[1].key


async def test_a_process_that_dies_leaves_the_outcome_unknown(tmp_path: Path) -> None:
    path = tmp_path / "s.sock"
    app = ScriptedApp()
    received = asyncio.Event()

    async def block(message: Message) -> None:
        received.set()
        await asyncio.Event().wait()

    app.before_answer = block
    async with listening(path, app):
        sending = asyncio.create_task(send_request(path, Request(text="start")))
        await received.wait()
    with pytest.raises(ConnectionCut):
        await sending


async def test_the_path_of_the_socket_may_be_long(tmp_path: Path) -> None:
    folder = tmp_path / ("d" * 100) / ("e" * 100)
    folder.mkdir(parents=True)
    async with listening(folder / "liaison.db.sock", ScriptedApp()):
        assert (await send_request(folder / "liaison.db.sock", Request(text="start"))).result == "done"


async def test_an_invalid_request_gets_an_answer(tmp_path: Path) -> None:
    async with listening(tmp_path / "s.sock", ScriptedApp()):
        reader, writer = await asyncio.open_unix_connection(tmp_path / "s.sock")
        await reader.readline()
        writer.write(b"hello\n")
        line = await reader.readline()
        writer.close()
    assert Reply.model_validate_json(line).text == "Invalid request."
    assert b'"says"' in line, "liaison say --json has had this name since 0.1"


async def test_a_line_without_an_end_is_cut_off(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async with listening(tmp_path / "s.sock", ScriptedApp()):
        reader, writer = await asyncio.open_unix_connection(tmp_path / "s.sock")
        await reader.readline()
        writer.write(b"x" * 40 * 2**20)
        with pytest.raises(ConnectionError):
            await writer.drain()
        writer.close()
        assert (await send_request(tmp_path / "s.sock", Request(text="start"))).result == "done"
    assert "Unhandled exception" not in caplog.text


async def test_a_client_that_never_reads_its_reply_is_cut_off(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.server.say_socket.READ_TIMEOUT_SECONDS", 0.05)

    async def reply(request: Request) -> Reply:
        return Reply(text="x" * 8 * 2**20)

    say_socket = SaySocket(tmp_path / "s.sock")
    await say_socket.open()
    say_socket.serve(reply)
    _, writer = await asyncio.open_unix_connection(tmp_path / "s.sock", limit=1024)
    writer.write(Request(text="show").model_dump_json().encode() + b"\n")
    await until(lambda: say_socket.connections)
    await until(lambda: not say_socket.connections)
    writer.close()
    await say_socket.close()
