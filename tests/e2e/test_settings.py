"""A process with invalid settings reports every problem and exits with 2. A running one reports its health."""

from pathlib import Path

import aiohttp

from tests.e2e.conftest import Scene, on_one_chat
from tests.e2e.process import Liaison

SECRET = "xoxb-very-secret-indeed"


async def test_all_invalid_settings_are_reported_at_once_without_secrets(tmp_path: Path) -> None:
    settings = {
        "bot": {"port": "often", "patience": "soon", "timezone": "Mars/Olympus", "colour": "blue"},
        "slack": {"bot_tokn": SECRET},
        "mattermost": {"url": "https://chat.example.com"},
        "platforms.cutover": {"kind": "cutover", "token": SECRET},
        "platforms.nothing": {"kind": "pagerduty"},
        "aliases": {"go": "fly"},
    }
    code, output = await Liaison(tmp_path, settings).run("serve")
    assert code == 2, output
    keys = (
        *("bot.port", "bot.patience", "bot.timezone", "bot.colour", "slack.bot_tokn", "slack.bot_token"),
        *("mattermost.token", "platforms.cutover: set core_url", "platforms.nothing.kind", "aliases.go"),
    )
    assert [key for key in keys if key not in output] == [], output
    assert SECRET not in output
    assert "Traceback" not in output


async def test_health_readiness_and_metrics(scene: Scene) -> None:
    async with aiohttp.ClientSession(scene.liaison.url) as session:
        async with session.get("/healthz") as response:
            assert response.status == 200
        async with session.get("/readyz") as response:
            parts = (await response.json())["parts"]
            assert parts["database"] is True
            assert any(part.startswith(scene.chat_name) for part in parts)
        async with session.get("/metrics") as response:
            assert "liaison_" in await response.text()


@on_one_chat
async def test_say_uses_the_running_process(scene: Scene) -> None:
    handle = await scene.start_run()
    code, output = await scene.liaison.run("say", f"finish {handle}.T1", "--as", "ana")
    assert code == 0, output
    assert "T1" in output
    await scene.wait_for_effects("finish")
    await scene.wait_for_text("finished T1")
