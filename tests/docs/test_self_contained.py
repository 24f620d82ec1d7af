"""The repository is self-contained: no text refers to a page outside it."""

import re
import subprocess
from collections.abc import Iterator

import pytest

from tests.docs.__main__ import ROOT

REFERENCES = {
    "a design page": re.compile(r"\bDESIGN(\.md)?\b|\bHOUSE\.md\b|\bCARDS\.md\b|CHAT_LIMITS"),
    "a fact sheet": re.compile(r"\bsheets?\b", re.IGNORECASE),
    "a numbered section of something": re.compile(r"\bsections? \d+(\.\d+)?( of\b|,? point|\))", re.IGNORECASE),
    "a line of something": re.compile(r"\(L\d{2,}|\bL\d{3,}(-\d+)?\b"),
    "another folder": re.compile(r"\.\./shared|\bseeds/"),
}
"""Kind of reference -> its pattern."""
EXCLUDED = ("tests/docs/test_self_contained.py", "uv.lock", "LICENSE")


def tracked_texts() -> Iterator[tuple[str, str]]:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in listed.splitlines():
        recorded = "/recordings/" in name or (name.startswith("tests/golden/") and not name.endswith(".py"))
        is_text = name not in EXCLUDED and not recorded and not name.endswith(".png")
        if is_text and (ROOT / name).is_file():
            yield name, (ROOT / name).read_text(encoding="utf-8", errors="replace")


@pytest.mark.parametrize("kind", REFERENCES)
def test_no_text_refers_to_a_page_outside_the_repository(kind: str) -> None:
    found = [
        f"{name}:{number}: {line.strip()[:100]}"
        for name, text in tracked_texts()
        for number, line in enumerate(text.splitlines(), 1)
        if REFERENCES[kind].search(line)
    ]
    assert found == []
