"""A process that cannot start says why, all of it, and ends with 2; one that can, tells how it is."""

from pathlib import Path

import aiohttp

from tests.e2e.conftest import Scene, on_one_chat
from tests.e2e.process import Liaison

SECRET = "xoxb-very-secret-indeed"


async def test_every_problem_is_reported_at_once_and_no_secret(tmp_path: Path) -> None:
    wrong = {
        "bot": {"port": "often", "patience": "soon", "timezone": "Mars/Olympus", "colour": "blue"},
        "slack": {"bot_tokn": SECRET},
        "mattermost": {"url": "https://chat.example.com"},
        "platforms.cutover": {"kind": "cutover", "token": SECRET},
        "platforms.nothing": {"kind": "pagerduty"},
        "aliases": {"go": "fly"},
    }
    code, said = await Liaison(tmp_path, wrong).run("serve")
    assert code == 2, said
    keys = (
        *("bot.port", "bot.patience", "bot.timezone", "bot.colour", "slack.bot_tokn", "slack.bot_token"),
        *("mattermost.token", "platforms.cutover.url", "platforms.nothing.kind", "aliases.go"),
    )
    assert [key for key in keys if key not in said] == [], said
    assert SECRET not in said
    assert "Traceback" not in said


async def test_health_readiness_and_metrics(scene: Scene) -> None:
    async with aiohttp.ClientSession(scene.liaison.url) as session:
        async with session.get("/healthz") as answer:
            assert answer.status == 200
        async with session.get("/readyz") as answer:
            parts = (await answer.json())["parts"]
            assert parts["database"] is True
            assert any(part.startswith(scene.chat) for part in parts)
        async with session.get("/metrics") as answer:
            assert "liaison_" in await answer.text()


@on_one_chat
async def test_say_goes_through_the_running_process(scene: Scene) -> None:
    handle = await scene.started()
    code, said = await scene.liaison.run("say", f"finish {handle}.T1", "--as", "ana")
    assert code == 0, said
    assert "T1" in said
    await scene.done("finish")
    await scene.sees("finished T1")
