"""The ``liaison`` command as a process: exit codes, output, and the lock on the store."""

import asyncio
import json
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import pytest

from bot.server.lock import hold_lock
from tests.e2e.process import Liaison

RUNBOOK = """# Database failover

## Triage

- [ ] Confirm the primary is down
- [ ] Page the DBA

## Fail over

- [ ] Promote the replica (after: Confirm the primary is down)
"""


@dataclass
class Finished:
    code: int
    out: str
    err: str


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A working directory with a runbook; its database is liaison.db."""
    (tmp_path / "runbooks").mkdir()
    (tmp_path / "runbooks" / "failover.md").write_text(RUNBOOK)
    return tmp_path


async def liaison(
    folder: Path, *words: str, typed: str | None = None, environ: Mapping[str, str] | None = None
) -> Finished:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bot", *words),
        cwd=folder,
        stdin=asyncio.subprocess.PIPE if typed is not None else asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, "COLUMNS": "80", **(environ or {})},
    )
    out, err = await asyncio.wait_for(process.communicate(typed.encode() if typed is not None else None), 100)
    return Finished(process.returncode or 0, out.decode(), err.decode())


async def test_say_executes_the_command_itself_if_no_process_runs(folder: Path) -> None:
    started = await liaison(folder, "say", "start", "database failover", "--as", "ana")
    assert (started.code, started.err) == (0, "")
    assert "R1 Database failover" in started.out
    finished = await liaison(folder, "say", "finish T1", "--as", "ana", "--json")
    assert finished.code == 0
    reply = json.loads(finished.out)
    assert reply["result"] == "done"
    assert any("T1 Confirm the primary is down" in block["summary"] for block in reply["shown"])
    for name in ("liaison.db", "liaison.db.key", "liaison.db.lock"):
        assert (folder / name).stat().st_mode & 0o077 == 0, name


@pytest.mark.parametrize(
    ("words", "environ", "text"),
    [
        (("serve",), {"LIAISON_BOT__PORT": "many", "LIAISON_SLACK__BOT_TOKN": "xoxb-secret"}, "bot.port"),
        (("run", "--config", "gone.toml"), {}, "gone.toml: cannot be read"),
        (("say",), {}, "Missing argument"),
        (("say", "next"), {"LIAISON_BOT__DATABASE_URL": "sqlite:////proc/no/liaison.db"}, "bot.database_url"),
        (("demo", "--script", "gone.txt"), {}, "gone.txt"),
    ],
)
async def test_invalid_settings_and_usage_exit_with_2(
    folder: Path, words: tuple[str, ...], environ: dict[str, str], text: str
) -> None:
    ran = await liaison(folder, *words, environ=environ)
    assert ran.code == 2, ran
    assert text in ran.err
    assert "xoxb-secret" not in ran.out + ran.err
    assert "Traceback" not in ran.err


async def test_doctor_counts_invalid_settings(folder: Path) -> None:
    ran = await liaison(folder, "doctor", environ={"LIAISON_BOT__PORT": "many", "LIAISON_BOT__PROT": "1"})
    assert ran.code == 2
    lines = ran.out.splitlines()
    how = "correct port under [bot] in the settings file, or LIAISON_BOT__PORT"
    assert f"FIX  bot.port: must be a whole number -> {how}" in lines
    assert lines[-1] == "0 ok, 2 to fix"


async def test_doctor_names_the_new_name_of_a_setting(folder: Path) -> None:
    lines = (await liaison(folder, "doctor", environ={"LIAISON_BOT__PATIENCE": "90s"})).out.splitlines()
    renamed = (
        "warn bot.patience: has been renamed to bot.write_timeout -> rename patience to write_timeout under [bot]"
    )
    assert [line for line in lines if line.startswith(renamed) and "LIAISON_BOT__WRITE_TIMEOUT" in line], lines


async def test_doctor_checks_store_and_platforms(folder: Path) -> None:
    ran = await liaison(folder, "doctor", environ={"LIAISON_PLATFORMS__BOOKS__KIND": "local"})
    lines = ran.out.splitlines()
    assert ran.code == 0
    assert [line for line in lines if line.startswith("ok   store: ")]
    assert [line for line in lines if line.startswith("ok   books: ")]
    assert [line for line in lines if line.startswith("warn chat: none is configured")]
    assert lines[-1] == f"{len(lines) - 2} ok, 1 warning, 0 to fix"


async def test_doctor_warns_of_a_channel_name_that_other_teams_may_have(folder: Path) -> None:
    """On Mattermost each team has its own channel names, and anybody may create a team."""
    chat = {"URL": "http://127.0.0.1:9", "TOKEN": "x" * 26, "COMMAND_TOKENS": "y" * 26}
    environ = {f"LIAISON_MATTERMOST__{key}": value for key, value in chat.items()}
    environ["LIAISON_ACCESS__PLACES"] = f"incidents,{'a1' * 13}"
    warned = [
        line for line in (await liaison(folder, "doctor", environ=environ)).out.splitlines() if "places" in line
    ]
    assert len(warned) == 1
    assert warned[0].startswith("warn access.places: incidents matches channels of every team -> use its id")
    one_team = environ | {"LIAISON_MATTERMOST__TEAM": "ops"}
    assert "access.places" not in (await liaison(folder, "doctor", environ=one_team)).out


async def test_migrate_moves_everything_to_postgresql(folder: Path, postgres_url: str) -> None:
    assert (await liaison(folder, "say", "start", "database failover")).code == 0
    with hold_lock(folder / "liaison.db.lock"):
        refused = await liaison(folder, "migrate", "--to", postgres_url)
    assert (refused.code, "Another Liaison process is using this database" in refused.err) == (1, True)
    moved = await liaison(folder, "migrate", "--to", postgres_url)
    assert moved.code == 0, moved.err
    assert "        1  runs\n" in moved.out
    assert "Set bot.secret_key to the key in liaison.db.key, so that buttons keep working." in moved.out
    key = (folder / "liaison.db.key").read_text().strip()
    environ = {"LIAISON_BOT__DATABASE_URL": postgres_url, "LIAISON_BOT__SECRET_KEY": key}
    shown = await liaison(folder, "say", "show", "R1", environ=environ)
    assert "R1 Database failover" in shown.out, shown.err
    again = await liaison(folder, "migrate", "--to", postgres_url)
    assert (again.code, "the PostgreSQL database is not empty" in again.err) == (1, True)
    assert "Nothing was moved, and liaison.db is as it was." in again.err
    assert (await liaison(folder, "migrate", "--to", "mysql://x")).code == 2


async def test_a_store_that_is_locked_by_a_hung_process(folder: Path) -> None:
    with hold_lock(folder / "liaison.db.lock"):
        ran = await liaison(folder, "say", "next")
        assert ran.code == 1
        assert "did not respond within 2 s. The command was not sent." in ran.err
        second = await liaison(folder, "serve")
        assert second.code == 1
        assert "Another Liaison process is using this database" in second.err


async def test_serve_executes_say_and_stops_cleanly(folder: Path) -> None:
    books = {"kind": "local", "path": str(folder / "runbooks"), "hook_secret": "a-hook-secret-of-many-words"}
    async with Liaison(folder, {"bot": {"patience": "90s"}, "platforms.books": books}) as running:
        code, printed = await running.run("say", "start", "database failover", "--as", "ana")
        assert (code, "R1 Database failover" in printed) == (0, True)
        refused, printed = await running.run("say", "finish T99")
        assert (refused, "T99" in printed) == (1, True)
        asked, printed = await running.run("say", "end")
        assert (asked, "[1 " in printed) == (3, True)
        ended, printed = await running.run("say", "end", "--yes")
        assert (ended, "Nothing changed yet" in printed) == (0, False)
        code, printed = await running.run("doctor")
        assert "in use by a running Liaison" in printed
        async with aiohttp.ClientSession(running.url) as session:
            async with session.post(f"/hooks/books/{books['hook_secret']}") as answer:
                assert answer.status == 200
            async with session.get("/metrics") as answer:
                counted = await answer.text()
        assert 'liaison_messages_total{result="done",surface="console"} 2.0' in counted
        assert await running.stop() == 0
    logged = running.log.read_text()
    assert f"ready on {running.url}" in logged
    assert books["hook_secret"] not in logged
    assert "only liaison say works" in logged
    assert "bot.patience: has been renamed to bot.write_timeout" in logged
    assert not (folder / "liaison.db.sock").exists()


async def test_a_port_that_is_in_use_is_an_error_message(folder: Path) -> None:
    server = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        ran = await liaison(folder, "serve", environ={"LIAISON_BOT__PORT": str(port)})
    assert ran.code == 1
    assert f"bot.port: cannot listen on 127.0.0.1:{port}" in ran.err


SCRIPT = """# what the README shows
start "database failover"
show T2
finish T1
status amber "replica lagging" --next 15m
comment don't fail over yet
next
ben: begin T2
:down
finish T2
:up
!finish T99
end
1
"""


async def test_the_demo_runs_a_script(tmp_path: Path) -> None:
    (tmp_path / "script.txt").write_text(SCRIPT)
    ran = await liaison(tmp_path, "demo", "--script", "script.txt", environ={"COLUMNS": "60"})
    assert (ran.code, ran.err) == (0, "")
    lines = ran.out.splitlines()
    first = next(at for at, line in enumerate(lines) if line.startswith("Database failover"))
    assert first <= 10, "a progress line, at most five sentences, then the card"
    assert "Press 1 to start Database failover, or type help." in ran.out
    assert max(map(len, lines)) <= 60
    for shown in ("AMBER", "don't fail over yet", "(only Ben sees this)", "1 of 7 done"):
        assert shown in ran.out
    assert "\x1b" not in ran.out


async def test_the_demo_says_which_line_failed(tmp_path: Path) -> None:
    (tmp_path / "script.txt").write_text('start "database failover"\nfinish T99\nnext\n')
    ran = await liaison(tmp_path, "demo", "--script", "script.txt")
    assert ran.code == 1
    assert "line 2, finish T99: it failed" in ran.err
    assert "> next" not in ran.out


async def test_the_demo_reads_a_pipe_to_its_end(tmp_path: Path) -> None:
    ran = await liaison(tmp_path, "demo", typed="1\nnext\n")
    assert (ran.code, ran.err) == (0, "")
    assert "R1 Database failover" in ran.out
