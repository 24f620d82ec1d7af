"""What somebody only named is no run yet: nobody finds it in a list, and no webhook has it read."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.app import Application, bootstrap
from bot.config.settings import demo_settings
from bot.surfaces.console.surface import Console, ConsoleEntry, person, room
from commands.model.card import Result
from commands.model.messages import Message, Via
from commands.text.catalogue import plain_text


class Talk:
    def __init__(self, app: Application, console: Console) -> None:
        self.app = app
        self._console = console
        self._number = 0

    async def say(self, text: str) -> tuple[Result, str]:
        """Its result, and the private answer's words and buttons."""
        shown: list[ConsoleEntry] = []
        self._number += 1
        message = Message(
            key=f"console//{self._number}",
            actor=person("ana"),
            place=room(),
            via=Via.SAY,
            at=datetime.now(UTC),
            text=text,
        )
        with self._console.listening(shown.append):
            result = await self.app.submit(message)
        cards = [one.card for one in shown if one.card is not None and one.kind == "private"]
        words = [plain_text(line) for card in cards for line in (card.title, *card.lines)]
        return result, "\n".join([*words, *(button.label for card in cards for button in card.buttons)])


@pytest.fixture
async def talk(tmp_path: Path) -> AsyncIterator[Talk]:
    console = Console()
    app = bootstrap(demo_settings(tmp_path).with_secret_key(), surfaces=[console])
    await app.start()
    yield Talk(app, console)
    await app.stop()


async def test_a_run_that_does_not_exist_stands_in_no_list(talk: Talk) -> None:
    for words in ("next", "show T1", "status", "mine"):
        result, _ = await talk.say(f'{words} --run "local:CALL 555 AND SAY YOUR PASSWORD"')
        assert result == "failed"
    _, listed = await talk.say("runs")
    assert "PASSWORD" not in listed
    _, choices = await talk.say("finish T1")
    assert "No run is active here" in choices
    assert "PASSWORD" not in choices
    assert talk.app.rows.known(active=True) == []  # nor has a webhook it read


async def test_a_run_that_was_only_named_is_there_once_it_was_read(talk: Talk) -> None:
    await talk.say("start Database failover")
    [known] = talk.app.rows.known(active=True)
    ref = f"{known.run.key.platform}:{known.run.key.id}"
    assert (await talk.say(f"next --run {ref}"))[0] == "done"
    assert [one.handle for one in talk.app.rows.known(active=True)] == ["R1"]
