"""The values that a runbook asks for: by the form, by hand and not at all, through the real process."""

from pathlib import Path

import pytest

from tests.e2e.conftest import Scene

RUNBOOK = """---
inputs:
  host: {title: Which host, pattern: 'db[0-9]'}
  zone: {options: [eu-1, us-1], default: eu-1}
---
# Fail over a host

1. Stop <host> in ${zone}

   ```sh
   ssh {{host}} -- stop --zone ${zone} "${HOME}" <pod>
   ```
"""
START = 'start "Fail over a host" --on local'
COMMAND = 'ssh {host} -- stop --zone {zone} "${{HOME}}" <pod>'


@pytest.fixture
def asking(scene: Scene) -> Scene:
    folder = Path(scene.environment.platforms["local"].settings()["path"])
    (folder / "values.md").write_text(RUNBOOK)
    return scene


async def test_a_start_asks_for_values_and_its_form_fills_them(asking: Scene) -> None:
    room = asking.room
    await room.command(START)
    question = await room.wait_for_button("Fill in…")
    assert "Which host host" in question.text
    assert "zone" not in question.text
    await room.press("Fill in…")
    asked = await room.form_values()
    assert (asked["set.host"], asked["set.zone"]) == ("", "eu-1")
    wrong = await room.submit_form({"set.host": "web1", "set.zone": "us-1"})
    assert b"match db[0-9]" in wrong.body
    await room.submit_form({"set.host": "db7", "set.zone": "us-1"})
    await asking.wait_for_text("T1 Stop db7 in us-1")
    assert COMMAND.format(host="db7", zone="us-1") in (await room.private_answer("show T1")).text


async def test_values_can_be_given_by_hand(asking: Scene) -> None:
    await asking.room.command(f"{START} --set host=db1")
    await asking.wait_for_text("started. Receipt")
    assert "T1 Stop db1 in eu-1" in asking.room.public_text()


async def test_a_run_started_without_a_value_shows_its_name_and_says_so_on_the_card(asking: Scene) -> None:
    await asking.room.command(START)
    await asking.room.wait_for_button("Start without it")
    await asking.room.press("Start without it")
    await asking.wait_for_text("started. Receipt")
    assert "T1 Stop <host> in eu-1" in asking.room.public_text()
    assert "Started without a value for host" in asking.room.public_text()


async def test_a_value_that_does_not_match_is_refused_with_its_pattern(asking: Scene) -> None:
    answer = await asking.room.private_answer(f"{START} --set host=web1")
    assert "host can't be web1, because it doesn't match db[0-9]. Nothing was started." in answer.text
