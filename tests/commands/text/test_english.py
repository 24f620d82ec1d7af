"""No English sentence that people read uses a word that was replaced: in catalogues, CLI help, README and docs."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.cli import cli
from tests.commands.text.catalogues import CATALOGUES, ROOT, messages

OLD_WORDS = (
    r"\bcarr(?:y|ies|ied|ying)\b(?! out\b| an?\b)",
    r"\bsettl(?:e|es|ed|ing)\b",
    r"(?<!service )(?<!help )\bdesk\b",
    r"\bwhisper",
    r"\blive board\b",
    r"(?<!stack )(?<!OpenTelemetry )\btraces?\b",
    r"\bdeeds?\b",
    r"\blaters\b",
    r"\bpatience\b",
    r"\bshelf\b",
    r"\bthis place\b",
    r"is not a word here",
    r"behind your back",
    r"\bwritten down\b",
    r"[Ss]aid by nobody",
    r"\bso already\b",
    r"[Gg]iven up",
    r"\bgives? up\b",
    r"no way down",
    r"(?<!waiting )\bfor T\d",
    r"\bread \d\d:\d\d",
    r"\bwith [A-Z]\w+ now\b",
    r"\b(?:only )?may (?:only )?look\b",
    r"kept by Liaison",
    r"\basks? us to wait\b",
    r"does not answer\b",
    r"line under the card",
    r"\bNothing of it\b",
    r"\b[Pp]ut (?:it|that) right\b",
    r"\bLike this:",
    r"(?<!There )\bis no (?:task|command|word|approval|runbook)\b",
    r"\ball the same\b",
    r"\bno such thing\b",
    r"\bIt is there\b",
    r"\bWrite it again\b",
)
_PAGES = [
    page
    for page in [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
    if "decisions" not in page.parts  # which list the old names
]


def old_words(text: str) -> list[str]:
    return [found[0] for pattern in OLD_WORDS for found in re.finditer(pattern, text)]


@pytest.mark.parametrize("path", CATALOGUES, ids=lambda path: str(path.parent.relative_to(ROOT)))
def test_no_message_uses_a_word_that_was_replaced(path: Path) -> None:
    texts = {key: re.sub(r"\{\w+\}", "", message) for key, message in messages(path).items()}
    found = {key: words for key, text in texts.items() if (words := old_words(text))}
    assert found == {}


@pytest.mark.parametrize("page", _PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_no_page_uses_a_word_that_was_replaced(page: Path) -> None:
    without_code = re.sub(r"```.*?```|`[^`\n]*`", "", page.read_text(), flags=re.DOTALL)
    found = {line: words for line in without_code.splitlines() if (words := old_words(line))}
    assert found == {}


def _help_texts() -> Iterator[tuple[str, str]]:
    for name, command in cli.commands.items():
        yield name, command.help or ""
        for param in command.params:
            yield f"{name} {param.name}", getattr(param, "help", None) or ""


@pytest.mark.parametrize(("name", "text"), list(_help_texts()))
def test_no_help_text_uses_a_word_that_was_replaced(name: str, text: str) -> None:
    assert old_words(text) == []
