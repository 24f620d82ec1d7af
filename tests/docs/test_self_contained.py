"""Everything a reader needs is in the repository: no text points at a page that is not."""

import re
import subprocess
from collections.abc import Iterator

import pytest

from tests.docs.__main__ import ROOT

OUTSIDE = {
    "a design page": re.compile(r"\bDESIGN(\.md)?\b|\bHOUSE\.md\b|\bCARDS\.md\b|CHAT_LIMITS"),
    "a fact sheet": re.compile(r"\bsheets?\b", re.IGNORECASE),
    "a numbered section of something": re.compile(r"\bsections? \d+(\.\d+)?( of\b|,? point|\))", re.IGNORECASE),
    "a line of something": re.compile(r"\(L\d{2,}|\bL\d{3,}(-\d+)?\b"),
    "another folder": re.compile(r"\.\./shared|\bseeds/"),
}
"""What was referred to -> how that looks."""
OURS = ("tests/docs/test_self_contained.py", "uv.lock", "LICENSE")


def texts() -> Iterator[tuple[str, str]]:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in listed.splitlines():
        recorded = "/recordings/" in name or (name.startswith("tests/golden/") and not name.endswith(".py"))
        if name not in OURS and not recorded and (ROOT / name).is_file():
            yield name, (ROOT / name).read_text(encoding="utf-8", errors="replace")


@pytest.mark.parametrize("what", OUTSIDE)
def test_nothing_refers_to_what_is_not_in_the_repository(what: str) -> None:
    found = [
        f"{name}:{number}: {line.strip()[:100]}"
        for name, text in texts()
        for number, line in enumerate(text.splitlines(), 1)
        if OUTSIDE[what].search(line)
    ]
    assert found == []
