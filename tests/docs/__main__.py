"""``make docs``: rewrites the generated parts of the docs and prints the changed pages.

``docs/demo.md`` is the real output of ``liaison demo --script docs/demo.txt``. Times are shifted so that the first
one is 14:02. The page is rewritten only if more than times and receipt codes changed.
"""

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from tests.docs import pages
from tests.docs.import_order import import_order

ROOT = Path(__file__).parent.parent.parent
SCRIPT = ROOT / "docs" / "demo.txt"
DEMO = ROOT / "docs" / "demo.md"
DEMO_SECONDS = 120
_FIRST_TIME = 14 * 60 + 2
_TIME = re.compile(r"\b(?:\d{1,2} [A-Z][a-z]{2} )?(\d\d):(\d\d)\b")
_CODE = re.compile(r"(?<=Receipt )[2-9A-HJ-NP-Z]{4}(?=\.)|(?<=\()[2-9A-HJ-NP-Z]{4}(?=\))")
_INTRO = """\
# The demo

`make demo` opens this chat in your terminal. It needs no accounts and no network, and deletes everything when you
leave. This page is its output for [demo.txt](demo.txt), with times shifted. In Slack and Mattermost the same cards
are messages with buttons, and every change edits the run's live card.
"""


class DemoFailed(Exception):
    """A line of the script failed."""


def pages_with_parts() -> list[Path]:
    return [
        ROOT / "README.md",
        ROOT / "CONTRIBUTING.md",
        *(path for path in sorted((ROOT / "docs").rglob("*.md")) if path != DEMO),
    ]


def parts() -> Mapping[str, Callable[[], str]]:
    return {**pages.PARTS, "card": card, "import-order": import_order}


def card() -> str:
    """The live card from the demo's ``show``."""
    blocks = DEMO.read_text(encoding="utf-8").split("```\n")
    shown = next(block for block in blocks if block.startswith("> show\n"))
    return f"```\n{shown.partition(chr(10))[2]}```"


def demo_output() -> str:
    """The demo's output for the script. Raises ``DemoFailed``."""
    completed = subprocess.run(
        [sys.executable, "-m", "bot", "demo", "--script", str(SCRIPT)],
        cwd=ROOT,
        env={**os.environ, "LOGNAME": "ana", "COLUMNS": "80"},
        capture_output=True,
        text=True,
        check=False,
        timeout=DEMO_SECONDS,
    )
    if completed.returncode:
        raise DemoFailed(f"{completed.stderr}\n{completed.stdout[-2000:]}")
    return completed.stdout


def transcript(output: str) -> str:
    """The page: the script's comments as prose, with the output of the commands below each."""
    shifted = _shifted(output)
    welcome, *answers = _by_line(shifted, [line for line in _script() if not line.startswith("#")])
    page = [_INTRO, _block([welcome])]
    remaining = iter(answers)
    for prose, lines in _sections():
        page += [prose, _block([next(remaining) for _ in lines])]
    return "\n\n".join(part.strip("\n") for part in page) + "\n"


def masked(page: str) -> str:
    return _CODE.sub("CODE", _TIME.sub("00:00", page))


def _script() -> list[str]:
    return [line.strip() for line in SCRIPT.read_text(encoding="utf-8").splitlines() if line.strip()]


def _sections() -> Iterator[tuple[str, list[str]]]:
    """(prose, the lines typed below it). The comments before the first empty line are skipped."""
    text = SCRIPT.read_text(encoding="utf-8").partition("\n\n")[2]
    for comments, lines in re.findall(r"((?:^#.*\n)+)((?:^[^#\n].*\n)+)", text, re.MULTILINE):
        yield " ".join(line.lstrip("# ") for line in comments.splitlines()), lines.splitlines()


def _by_line(output: str, lines: list[str]) -> Iterator[str]:
    """The output before the first line, then each line with its answers, without the script's "!" prefix."""
    for line in lines:
        before, prompt, output = output.partition(f"> {line}\n")
        assert prompt, f"{line!r} was not typed"
        yield before
        output = f"> {line.removeprefix('!')}\n{output}"
    yield output


def _block(answers: list[str]) -> str:
    return "```\n" + "\n\n".join(answer.strip("\n") for answer in answers) + "\n```"


def _shifted(output: str) -> str:
    first = _TIME.search(output)
    shift = _FIRST_TIME - (int(first[1]) * 60 + int(first[2])) if first else 0

    def clock(found: re.Match[str]) -> str:
        hours, minutes = divmod((int(found[1]) * 60 + int(found[2]) + shift) % (24 * 60), 60)
        return f"{hours:02}:{minutes:02}"

    return _TIME.sub(clock, output)


def _write_if_changed(path: Path, text: str) -> bool:
    if path.exists() and path.read_text(encoding="utf-8") == text:
        return False
    path.write_text(text, encoding="utf-8")
    print(path.relative_to(ROOT))
    return True


def main() -> int:
    page = transcript(demo_output())
    if not DEMO.exists() or masked(page) != masked(DEMO.read_text(encoding="utf-8")):
        _write_if_changed(DEMO, page)
    for path in pages_with_parts():
        _write_if_changed(path, pages.fill_parts(path.read_text(encoding="utf-8"), parts()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
