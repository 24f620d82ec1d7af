"""This platform's own sentences (``en.toml``), where they must be plain text: the lines of ``liaison doctor``."""

import tomllib
from functools import cache
from pathlib import Path

from adapters.local.procedure import Trouble

SENTENCES = Path(__file__).with_name("en.toml")


@cache
def _sentences() -> dict[str, str]:
    with SENTENCES.open("rb") as file:
        table: dict[str, str] = tomllib.load(file)["local"]
    return {f"local.{key}": sentence for key, sentence in table.items()}


def told(trouble: Trouble, file: str) -> tuple[str, str]:
    """(what is wrong in ``file``, what to do): a trouble's sentence ends with what to do."""
    what, _, fix = _sentences()[trouble.key].rpartition(". ")
    facts = {**trouble.facts, "file": file}
    return f"{what.format(**facts)}.", fix.format(**facts)
