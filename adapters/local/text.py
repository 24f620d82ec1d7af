"""This platform's own sentences (``messages.toml``), where they must be plain text: the lines of ``liaison doctor``."""

from pathlib import Path

from adapters.local.procedure import Trouble
from adapters.toolkit.messages import load_messages

SENTENCES = Path(__file__).with_name("messages.toml")


def told(trouble: Trouble, file: str) -> tuple[str, str]:
    """(what is wrong in ``file``, what to do): a trouble's sentence ends with what to do."""
    what, _, fix = load_messages(SENTENCES)[trouble.key].rpartition(". ")
    facts = {**trouble.facts, "file": file}
    return f"{what.format(**facts)}.", fix.format(**facts)
