"""One log line per command tells who did what."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import structlog
from structlog.testing import capture_logs

from tests.bot.app_scene import Scene, app_scene


@pytest.fixture
async def scene(tmp_path: Path, database_url: str) -> AsyncIterator[Scene]:
    structlog.reset_defaults()
    async with app_scene(tmp_path, database_url=database_url) as scene:
        yield scene


async def test_one_line_has_verb_run_tasks_person_and_receipt(scene: Scene) -> None:
    with capture_logs() as logs:
        await scene.say("start Database failover")
        await scene.say("finish T1 the secret is hunter2")
        await scene.say("show")
        await scene.say("finsh T1")
    lines = [line for line in logs if line["event"] == "command"]
    assert [(line["verb"], line["run"], line["result"]) for line in lines] == [
        ("start", "R1", "done"),
        ("finish", "R1", "done"),
        ("show", "R1", "done"),
        (None, None, "failed"),
    ]
    assert {line["person"] for line in lines} == {"ana"}
    assert {line["via"] for line in lines} == {"say"}
    start, finish, show, _ = lines
    assert finish["tasks"] == "T1"
    assert str(start["receipts"]).endswith("start done")
    code, *rest = str(finish["receipts"]).split()
    assert (len(code), rest[0], rest[-1]) == (4, "finish", "done")
    receipt = (await scene.app.runs.receipts("R1"))[0]
    assert receipt.code == code
    assert show["receipts"] is None
    assert "hunter2" not in str(logs)


async def test_words_that_are_no_command_are_not_in_the_log(scene: Scene) -> None:
    with capture_logs() as logs:
        await scene.say("the password is hunter2")
        await scene.say("show hunter2")
    assert [line["verb"] for line in logs if line["event"] == "command"] == ["show", "show"]
    assert "hunter2" not in str(logs)
