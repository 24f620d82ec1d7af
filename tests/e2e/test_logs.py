"""The log of the real process tells who did what, and holds no secrets and nothing that people wrote."""

import json
import re
from typing import Any

from tests.e2e.conftest import Scene
from tests.e2e.process import until

SECRET = "hunter2-swordfish"


async def test_a_session_can_be_reconstructed_from_the_log(scene: Scene) -> None:
    handle = await scene.start_run()
    await scene.room.command(f"finish T1 the password is {SECRET}", user="ben")
    await until(lambda: _commands(scene, 2))
    await scene.room.press("Begin T2", user="cam")
    await until(lambda: _commands(scene, 3))
    await scene.room.command("status amber looking into it --next 2h")
    await until(lambda: _commands(scene, 4))
    await scene.room.private_answer("finsh T2")
    await until(lambda: _commands(scene, 5))
    await scene.room.private_answer("finish T99", user="ben")
    commands = await until(lambda: _commands(scene, 6))
    ids = {scene.environment.chat.user_id(user): user for user in ("ana", "ben", "cam")}
    names = ("verb", "run", "tasks", "result")
    said = [(ids[line["person"]], *(line.get(name) for name in names)) for line in commands]
    assert said == [
        ("ana", "start", handle, None, "done"),
        ("ben", "finish", handle, "T1", "done"),
        ("cam", "begin", handle, "T2", "done"),
        ("ana", "status", handle, None, "done"),
        ("ana", None, None, None, "failed"),
        ("ben", "finish", handle, "T99", "failed"),
    ]
    start, finish, begin, status, unknown, refused = commands
    assert re.fullmatch(r"\w{4} start( \w+)? done.*", start["receipts"])
    assert re.fullmatch(
        r"(\w{4} finish T1 begin done, )?\w{4} finish T1 done, \w{4} finish T1 note done", finish["receipts"]
    )
    assert (begin["via"], status["health"], status["next_update"]) == ("button", "amber", "2h")
    assert unknown.get("receipts") is refused.get("receipts") is None
    assert finish["name"]
    codes = [receipt.split()[0] for receipt in finish["receipts"].split(", ")]
    assert any(code in scene.room.text() for code in codes)
    log = scene.liaison.log.read_text()
    assert SECRET not in log
    assert "looking into it" not in log
    for secret in _secrets(scene):
        assert secret not in log


def _commands(scene: Scene, count: int) -> list[dict[str, Any]]:
    lines = [line for line in scene.liaison.log.read_text().splitlines() if line.startswith("{")]
    found = [line for line in map(json.loads, lines) if line.get("event") == "command"]
    here = [line for line in found if line["place"].endswith(f"/{scene.room.id}")]
    return here if len(here) >= count else []


def _secrets(scene: Scene) -> list[str]:
    keys = ("token", "secret")
    chat = next(iter(scene.environment.chat.settings().values()))
    return [value for key, value in chat.items() if isinstance(value, str) and any(word in key for word in keys)]
