"""The docs are correct: generated parts match the code, and links, commands and settings in them exist."""

import re
import tomllib
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from bot.cli import cli
from bot.config.settings import available_platforms, parse
from commands.language.parser import parse as parse_line
from commands.model.errors import UnknownCommand
from commands.registry import COMMANDS
from tests.docs import __main__ as docs
from tests.docs.pages import UnknownPart, fill_parts

ATTEMPTS = 3  # on a busy machine a card may be printed after the next line; its text is the same
PAGES = [*docs.pages_with_parts(), docs.DEMO]
DEPLOY = sorted(path for path in (docs.ROOT / "deploy").rglob("*") if path.is_file())
WRITTEN = [*PAGES, docs.SCRIPT, docs.ROOT / "Makefile", *DEPLOY]
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def path_params(paths: Sequence[Path]) -> list[object]:
    return [pytest.param(path, id=str(path.relative_to(docs.ROOT))) for path in paths]


def code_blocks(path: Path, *languages: str) -> Iterator[str]:
    for language, text in _FENCE.findall(path.read_text(encoding="utf-8")):
        if language in languages:
            yield text


@pytest.mark.parametrize("path", path_params(docs.pages_with_parts()))
def test_generated_parts_match_the_code(path: Path) -> None:
    page = path.read_text(encoding="utf-8")
    assert fill_parts(page, docs.parts()) == page, (
        "generated parts are outdated: run `make docs` and commit the changes"
    )


def test_an_unknown_part_is_an_error() -> None:
    with pytest.raises(UnknownPart):
        fill_parts("<!-- weather: written by make docs -->\n<!-- end weather -->", docs.parts())


def test_every_generated_part_is_on_a_page() -> None:
    pages = "".join(path.read_text(encoding="utf-8") for path in docs.pages_with_parts())
    assert {name for name in docs.parts() if f"<!-- {name}: written by make docs -->" not in pages} == set()


@pytest.mark.timeout(ATTEMPTS * docs.DEMO_SECONDS)
def test_the_demo_page_matches_the_demo() -> None:
    page = docs.masked(docs.DEMO.read_text(encoding="utf-8"))
    for _ in range(ATTEMPTS - 1):
        if docs.masked(docs.transcript(docs.demo_output())) == page:
            return
    assert docs.masked(docs.transcript(docs.demo_output())) == page, (
        "docs/demo.md is outdated: run `make docs` and commit it"
    )


@pytest.mark.parametrize("kind", list(available_platforms()))
def test_every_platform_has_its_page(kind: str) -> None:
    assert (docs.ROOT / "docs" / "platforms" / f"{kind}.md").exists(), "write this page by hand"


@pytest.mark.parametrize("path", path_params(PAGES))
def test_links_are_not_broken(path: Path) -> None:
    prose = _FENCE.sub("", path.read_text(encoding="utf-8"))
    targets = [target.partition("#")[0] for target in _LINK.findall(prose) if "://" not in target]
    assert [target for target in targets if target and not (path.parent / target).exists()] == []


@pytest.mark.parametrize("path", path_params(PAGES))
def test_examples_of_settings_are_accepted(path: Path) -> None:
    for text in code_blocks(path, "toml"):
        table = tomllib.loads(text.replace("…", "0123456789abcdef"))  # "…" stands for a secret
        if "tally" not in table:  # an example of a message catalogue
            parse(table, {})


@pytest.mark.parametrize("path", path_params(PAGES))
def test_command_examples_parse(path: Path) -> None:
    for text in code_blocks(path, "", "sh"):
        for line in re.findall(r"^/run .*$", text, re.MULTILINE):
            try:
                parse_line(line, COMMANDS)
            except UnknownCommand:
                pytest.fail(f"{line} is not a command")


@pytest.mark.parametrize("path", path_params(WRITTEN))
def test_named_commands_and_targets_exist(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    code = "\n".join(
        [*re.findall(r"`([^`\n]+)`", text), *code_blocks(path, "sh"), *re.findall(r"^CMD .*$", text, re.M)]
    )
    verbs = set(re.findall(r"(?:^|[/ ])liaison (?!liaison )([a-z-]+)", code, re.MULTILINE))
    targets = set(re.findall(r"(?:^|&& )make ([a-z]+)", code, re.MULTILINE))
    makefile = (docs.ROOT / "Makefile").read_text(encoding="utf-8")
    assert verbs - set(cli.commands) == set()
    assert {target for target in targets if not re.search(rf"^{target}:", makefile, re.MULTILINE)} == set()
