"""The platform's own messages as plain text, for the lines of ``liaison doctor`` and the reasons of a refusal."""

from pathlib import Path

from adapters.local.procedure import FileProblem
from adapters.toolkit.messages import load_messages, message_text

MESSAGES = Path(__file__).with_name("messages.toml")


def message(key: str, /, **facts: object) -> str:
    return message_text(MESSAGES, f"local.{key}", **facts)


def problem_text(problem: FileProblem, file: str) -> tuple[str, str]:
    """(what is wrong in ``file``, what to do): the last sentence of a problem's message says what to do."""
    summary, _, fix = load_messages(MESSAGES)[problem.key].rpartition(". ")
    facts = {**problem.facts, "file": file}
    return f"{summary.format(**facts)}.", fix.format(**facts)
