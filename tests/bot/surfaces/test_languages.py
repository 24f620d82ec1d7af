"""Surfaces read people's locales, and render their own messages in the current language."""

import pytest

from adapters.models import TaskState
from adapters.toolkit.messages import in_language, language_of_locale
from commands.model.card import Card, Row, Section, text
from tests.bot.surfaces.harness import SurfaceHarness, needs_server

ROWS = tuple(Row(state, f"T{number}", "Page the DBA") for number, state in enumerate(TaskState))
CARD = Card(title=("R7 Primary down",), summary="R7", sections=(Section("Triage", ROWS),))
LARGE_CARD = Card(title=("R7",), summary="R7", sections=(Section("Triage", ROWS * 200),))
BRAZILIAN = ("aguardando", "pronta", "em andamento", "em espera", "concluída", "pulada", "com falha")


@needs_server
@pytest.mark.parametrize("locale", ["pt-BR", "pt_BR", "pt"])
async def test_a_profile_has_the_locale_of_the_chat(harness: SurfaceHarness, locale: str) -> None:
    harness.set_locale("ana", locale)
    ana = await harness.surface.profile(harness.person("ana"))
    assert ana.locale == locale
    assert language_of_locale(ana.locale) == "pt-BR"
    ben = await harness.surface.profile(harness.person("ben"))
    assert language_of_locale(ben.locale) == "en"


@needs_server
async def test_people_who_are_found_have_their_locale(harness: SurfaceHarness) -> None:
    harness.set_locale("ben", "pt-BR")
    [ben] = await harness.surface.find_people("@ben", harness.ops())
    assert ben.locale == "pt-BR"


async def test_the_console_has_no_locale() -> None:
    from bot.surfaces.console.surface import Console, person

    assert (await Console().profile(person("ana"))).locale is None


async def test_task_states_are_in_the_current_language(harness: SurfaceHarness) -> None:
    english = harness.visible(await harness.surface.post(harness.ops(), CARD, nonce="n1"))
    with in_language("pt-BR"):
        ref = await harness.surface.post(harness.ops(), CARD, nonce="n2")
        brazilian = harness.visible(ref)
    for state, name, row in zip(TaskState, BRAZILIAN, range(7), strict=True):
        if harness.surface.name != "console":  # whose states are in a column, in the language of the process
            assert f"T{row} Page the DBA — {state.value}" in english.text
            assert f"T{row} Page the DBA — {name}" in brazilian.text


async def test_a_large_card_says_in_the_current_language_what_is_left_out(harness: SurfaceHarness) -> None:
    with in_language("pt-BR"):
        ref = await harness.surface.post(harness.ops(), LARGE_CARD, nonce="n1")
    if harness.surface.name != "console":  # which has no limit
        assert "em uma mensagem" in harness.visible(ref).text.split("\n")[-1]


@needs_server
async def test_a_moved_card_says_so_in_the_current_language(harness: SurfaceHarness) -> None:
    old = await harness.surface.post(harness.ops(), CARD, nonce="n1")
    new = await harness.surface.post(harness.ops(), CARD, nonce="n2")
    with in_language("pt-BR"):
        await harness.surface.replace_with_pointer(old, new)
    assert harness.visible(old).text == "Este cartão mudou de lugar: o cartão atual"


async def test_a_private_answer_has_task_states_in_the_current_language(harness: SurfaceHarness) -> None:
    message = await harness.command("show")
    card = Card(title=("R7",), summary="R7", lines=(text("one line"),), sections=CARD.sections)
    with in_language("pt-BR"):
        await harness.surface.send_private(message, card)
        shown = harness.private_texts("ana")[-1]
        assert "T2 Page the DBA — em andamento" in shown or "em andamento T2 Page the DBA" in shown
