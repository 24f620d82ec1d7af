"""In the running application: private answers in the person's language, posts and edits in the channel's."""

import asyncio
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from adapters.local.adapter import LocalAdapter
from adapters.toolkit.messages import current_language
from bot.bootstrap import bootstrap
from bot.config.settings import demo_settings
from bot.server.serve import running
from bot.surfaces.console.surface import Console, ConsoleEntry, person, room
from commands.model.intents import OpenForm
from commands.model.messages import Actor
from commands.text.catalogue import plain_text
from tests.bot.app_scene import Scene
from tests.e2e.process import until

LOCALES = {"lia": "pt_BR", "kit": "en-GB"}
LIA, KIT, ANA = person("lia"), person("kit"), person("ana")


class LocalizedConsole(Console):
    """A chat that knows its people's locales."""

    async def profile(self, actor: Actor) -> Actor:
        return actor.model_copy(update={"locale": LOCALES.get(actor.id)})


@dataclass
class Channel(Scene):
    """``cards`` are the texts of the live card, as posted and edited; ``languages`` those in which chats drew."""

    cards: list[str] = field(default_factory=list)
    languages: set[tuple[str, str]] = field(default_factory=set)

    def listen(self, entry: ConsoleEntry) -> None:
        super().listen(entry)
        self.languages.add((entry.kind, current_language()))
        if entry.card is not None and entry.kind != "private":
            lines = [entry.card.summary, *(plain_text(line) for line in entry.card.lines)]
            self.cards.append("\n".join(lines))


@pytest.fixture
async def channel(tmp_path: Path, language: str) -> AsyncIterator[Channel]:
    settings, console = demo_settings(tmp_path).with_secret_key(), LocalizedConsole()
    settings = replace(settings, bot=settings.bot.model_copy(update={"language": language}))
    app = bootstrap(settings, surfaces=[console])
    async with running(app):
        platform = app.platforms["local"]
        assert isinstance(platform, LocalAdapter)
        channel = Channel(app, platform)
        with console.listening(channel.listen):
            assert await channel.say("start Database failover", by=LIA) == "done"
            yield channel


@pytest.mark.parametrize("language", ["en"])
async def test_a_brazilian_in_an_english_channel(channel: Channel) -> None:
    channel.platform.down = True
    waiting = channel.say("finish T1", by=LIA)
    expected = "isn't responding (finishing T1). Nothing was sent yet."
    await until(lambda: any(expected in line for line in channel.lines))
    channel.platform.down = False
    assert await asyncio.wait_for(waiting, 30) == "done"
    assert channel.find_private("T1 Confirm the primary is down: concluída. Recibo ")
    assert any(line.startswith("Lia finished T1 Confirm the primary is down (") for line in channel.lines)
    await until(lambda: re.search(r"\b1 of \d+ done", channel.cards[-1]))
    assert not any("concluíd" in card for card in channel.cards)
    assert {language for kind, language in channel.languages if kind != "private"} == {"en"}
    assert {language for kind, language in channel.languages if kind == "private"} == {"pt-BR"}


@pytest.mark.parametrize("language", ["pt-BR"])
async def test_an_english_speaker_in_a_brazilian_channel(channel: Channel) -> None:
    assert await channel.say("finish T1", by=KIT) == "done"
    assert channel.find_private("T1 Confirm the primary is down: done. Receipt ")
    await until(lambda: any(line.startswith("Kit concluiu T1 Confirm") for line in channel.lines))
    await until(lambda: re.search(r"\b1 de \d+ concluídas", channel.cards[-1]))
    assert not any(" done" in card for card in channel.cards)
    assert await channel.say("finish T2", by=ANA) == "done"
    assert channel.find_private("T2 Page the DBA: concluída. Recibo "), "without a locale, the channel's"
    assert {language for kind, language in channel.languages if kind != "private"} == {"pt-BR"}


@pytest.mark.parametrize("language", ["en"])
async def test_forms_are_in_the_persons_language(channel: Channel) -> None:
    assert await channel.say("show", by=ANA) == "done"
    wanted = OpenForm.model_validate({"about": "status", "run": "R1"})
    assert (await channel.app.intake.open_form(wanted, LIA, room())).title == "Atualizar status"
    assert (await channel.app.intake.open_form(wanted, ANA, room())).title == "Update status"
    assert current_language() == "en"
