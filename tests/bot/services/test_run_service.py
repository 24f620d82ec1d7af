"""A run id that somebody only typed is in no list and is not refreshed until its platform has shown the run."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.app import Application
from bot.bootstrap import bootstrap
from bot.config.settings import demo_settings
from bot.surfaces.console.surface import Console, ConsoleEntry, person, room
from commands.model.card import Result
from commands.model.messages import Message, Via
from commands.text.catalogue import plain_text
from tests.bot.live_runs import active_runs


class Talk:
    def __init__(self, app: Application, console: Console) -> None:
        self.app = app
        self._console = console
        self._number = 0

    async def say(self, text: str) -> tuple[Result, str]:
        """The result, and the text and buttons of the private answers."""
        entries: list[ConsoleEntry] = []
        self._number += 1
        message = Message(
            key=f"console//{self._number}",
            actor=person("ana"),
            place=room(),
            via=Via.SAY,
            at=datetime.now(UTC),
            text=text,
        )
        with self._console.listening(entries.append):
            result = await self.app.submit(message)
        cards = [entry.card for entry in entries if entry.card is not None and entry.kind == "private"]
        lines = [plain_text(line) for card in cards for line in (card.title, *card.lines)]
        return result, "\n".join([*lines, *(button.label for card in cards for button in card.buttons)])


@pytest.fixture
async def talk(tmp_path: Path) -> AsyncIterator[Talk]:
    console = Console()
    app = bootstrap(demo_settings(tmp_path).with_secret_key(), surfaces=[console])
    await app.start()
    app.resume()
    yield Talk(app, console)
    await app.stop()


async def test_a_run_that_does_not_exist_is_in_no_list(talk: Talk) -> None:
    for command in ("next", "show T1", "status", "mine"):
        result, _ = await talk.say(f'{command} --run "local:CALL 555 AND SAY YOUR PASSWORD"')
        assert result == "failed"
    _, listed = await talk.say("runs")
    assert "PASSWORD" not in listed
    _, choices = await talk.say("finish T1")
    assert "No run is active here" in choices
    assert "PASSWORD" not in choices
    assert active_runs(talk.app.run_rows) == []  # so no webhook refreshes it either


async def test_a_run_is_listed_once_its_platform_has_shown_it(talk: Talk) -> None:
    await talk.say("start Database failover")
    [tracked] = active_runs(talk.app.run_rows)
    ref = f"{tracked.run.key.platform}:{tracked.run.key.id}"
    assert (await talk.say(f"next --run {ref}"))[0] == "done"
    assert [run.handle for run in active_runs(talk.app.run_rows)] == ["R1"]
