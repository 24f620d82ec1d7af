"""Long texts are processed quickly, because one process serves everybody."""

import time
from collections.abc import Callable
from contextlib import suppress
from types import SimpleNamespace
from typing import cast

import pytest

from adapters.cutover import text as cutover
from adapters.errors import Rejected
from adapters.playbooks import text as playbooks
from adapters.runrunit import text as runrunit
from adapters.tines import text as tines
from adapters.xurrent import text as xurrent
from bot.surfaces.console.render import draw
from commands.forms.submission import FormErrors, submit
from commands.language.parser import parse
from commands.lookup.fuzzy import find_matches
from commands.model.card import Card
from commands.model.errors import CommandError
from commands.model.ports import Services
from commands.registry import COMMANDS
from commands.text.error_text import adapter_error_text

SERVICES = SimpleNamespace(platform_types={})
LONG = 40_000  # characters, the maximum for a message in Slack
TITLES = [(f"Data base step number {number}, do the thing", number) for number in range(500)]


def assert_fast(read: Callable[[], object]) -> None:
    started = time.process_time()
    with suppress(CommandError):
        read()
    assert time.process_time() - started < 2


@pytest.mark.parametrize(
    "line",
    [
        f'status bad --next "+{" " * LONG}x"',
        f'status bad --next "1h{" " * LONG}x"',
        "comment " + '="' * (LONG // 2) + "x",
        "comment " + '="aaaa ' * (LONG // 7),
        f"finish T1{' ' * LONG}x",
        f"finish {'data ' * (LONG // 5)}",
    ],
    ids=lambda line: line[:24],
)
def test_a_long_line_is_parsed_quickly(line: str) -> None:
    assert_fast(lambda: parse(line, COMMANDS))


def test_a_long_form_is_validated_quickly() -> None:
    values = {"text": " " * 3000, "next": f"+{' ' * LONG}x"}
    assert_fast(lambda: submit("status", "R1", values, COMMANDS))
    assert isinstance(submit("status", "R1", values, COMMANDS), FormErrors)


@pytest.mark.parametrize(
    "text", ["d " * (LONG // 2), "data " * (LONG // 5), "step number " * (LONG // 12), "x" * LONG]
)
def test_a_long_title_is_searched_quickly(text: str) -> None:
    assert_fast(lambda: find_matches(text, TITLES))


def test_a_long_title_is_found() -> None:
    title = "Check the mirrors " * 60
    assert find_matches(title, [*((name, str(id)) for name, id in TITLES), (title, "it")]).single == "it"


@pytest.mark.parametrize("filler", [" ", "\n", "\n \n", " (7K2F)", "— a (7K2F) ", "\n\nAna via Slack (7K2F)\n"])
@pytest.mark.parametrize(
    "read", [cutover.SIGNER.read, xurrent.SIGNER.read, runrunit.SIGNER.read, tines.SIGNER.read]
)
def test_a_long_signed_text_is_parsed_quickly(read: Callable[[str], object], filler: str) -> None:
    assert_fast(lambda: read(f"a — b{filler * (LONG // len(filler))}x"))
    assert_fast(lambda: playbooks.parse_signed(f"a{filler * (LONG // len(filler))}x", "Ana"))


def test_a_long_error_is_completed_quickly() -> None:
    error = Rejected("local", "finish", key="show.several", words=f"No{' ' * LONG}such value")
    assert_fast(lambda: adapter_error_text(error, cast(Services, SERVICES), nothing_changed=True))


@pytest.mark.parametrize("text", ["é" * LONG, f"https://{'é' * LONG}", "`" * LONG])
def test_a_long_text_is_rendered_quickly(text: str) -> None:
    assert_fast(lambda: draw(Card(title=(text,), summary=text, lines=((text,),))))
