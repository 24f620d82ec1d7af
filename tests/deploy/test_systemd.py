"""The systemd units: ``liaison doctor`` and ``liaison serve`` have the same settings, credentials and account.

systemd itself does not run. Its settings are read as systemd.unit(5) and systemd.exec(5) describe them.
"""

import asyncio
import os
import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from bot.app import SHUTDOWN_GRACE_SECONDS
from tests.e2e.process import free_port, until

FOLDER = Path(__file__).parent.parent.parent / "deploy" / "systemd"
DROP_IN = FOLDER / "liaison-.service.d" / "settings.conf"
SERVE, DOCTOR = FOLDER / "liaison-serve.service", FOLDER / "liaison-doctor.service"
SIGNING = "8f742231b10e8888abcd99yyyzzz85a5"


def service(*files: Path) -> Mapping[str, Sequence[str]]:
    """The values of each key in [Service], of a unit and then its drop-ins."""
    found: dict[str, list[str]] = {}
    for file in files:
        for section, body in re.findall(r"^\[(\w+)\]\n((?:(?!\[).*\n)*)", file.read_text(), re.MULTILINE):
            for line in body.splitlines() if section == "Service" else []:
                if line and not line.startswith("#"):
                    key, _, value = line.partition("=")
                    found.setdefault(key, []).append(value)
    return found


def test_everything_but_how_they_run_is_shared() -> None:
    own = {"ExecStart", "Restart", "RestartSec", "RestartPreventExitStatus", "TimeoutStopSec"}
    assert set(service(SERVE)) == own
    assert set(service(DOCTOR)) == {"Type", "ExecStart", "TimeoutStartSec"}
    for unit in (
        SERVE,
        DOCTOR,
    ):  # systemd.unit(5): "liaison-.service.d" is for all units that begin with "liaison-"
        assert unit.name.startswith(DROP_IN.parent.name.removesuffix(".service.d"))
    assert int(service(SERVE)["TimeoutStopSec"][0]) > SHUTDOWN_GRACE_SECONDS


class Machine:
    """What the units expect, in a folder: their paths lie in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "etc" / "liaison").mkdir(parents=True)
        (folder / "var" / "lib" / "liaison" / "runbooks").mkdir(parents=True)
        (folder / "credentials").mkdir()
        for named in re.findall(r"^#LoadCredential=([\w.]+):", DROP_IN.read_text(), re.MULTILINE):
            if named.startswith("slack."):
                (folder / "credentials" / named).write_text("xoxb-1" if "token" in named else SIGNING)
        self.config = folder / "etc" / "liaison" / "liaison.toml"
        self.config.write_text('[slack]\napi_url = "http://127.0.0.1:9/"\n')

    def here(self, text: str) -> str:
        return re.sub(r"(?<![\w.])/(etc|var)\b", rf"{self.folder}/\1", text)

    async def start(self, unit: Path, **environ: str) -> asyncio.subprocess.Process:
        settings = service(unit, DROP_IN)
        named = dict(self.here(value).split("=", 1) for value in settings["Environment"])
        words = settings["ExecStart"][0].split()
        assert words[0] == "/opt/liaison/.venv/bin/liaison"
        keep = {name: value for name, value in os.environ.items() if not name.startswith("LIAISON_")}
        return await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "bot", *words[1:]),
            cwd=self.here(settings["WorkingDirectory"][0]),
            env={**keep, **named, **environ, "CREDENTIALS_DIRECTORY": str(self.folder / "credentials")},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )


async def test_doctor_checks_what_serve_uses(tmp_path: Path) -> None:
    machine = Machine(tmp_path)
    port = {"LIAISON_BOT__PORT": str(free_port())}
    serving = await machine.start(SERVE, **port)
    database = tmp_path / "var" / "lib" / "liaison" / "liaison.db"
    try:
        await until(lambda: database.with_name("liaison.db.sock").exists())
        doctor = await machine.start(DOCTOR, **port)
        assert doctor.stdout is not None
        output = (await doctor.stdout.read()).decode()
        assert await doctor.wait() == 1
    finally:
        serving.terminate()
        await serving.wait()
    assert f"settings: {machine.config}" in output
    assert f"store: {database}, in use by a running Liaison" in output
    assert "FIX  slack" in output  # nobody answers at its address; its token and secret were found
    assert "is missing" not in output


@pytest.mark.parametrize("unit", [SERVE, DOCTOR], ids=lambda unit: unit.name)
async def test_both_refuse_settings_without_their_credentials(tmp_path: Path, unit: Path) -> None:
    machine = Machine(tmp_path)
    (tmp_path / "credentials" / "slack.bot_token").unlink()
    process = await machine.start(unit)
    assert process.stdout is not None
    assert "slack.bot_token: is missing" in (await process.stdout.read()).decode()
    assert str(await process.wait()) in service(SERVE)["RestartPreventExitStatus"]
