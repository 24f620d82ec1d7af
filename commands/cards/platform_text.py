"""What platforms say, as lines of a card: with its formatting where the platform's texts have some."""

from adapters.models import Task
from adapters.protocol import Adapter, Markup, WritesMarkup
from commands.model.card import Code, RichText, Text
from commands.text.markdown import rich_text


def platform_text(adapter: Adapter, text: str) -> tuple[Text, ...]:
    """Nothing for an empty text."""
    markup = adapter.markup if isinstance(adapter, WritesMarkup) else Markup.PLAIN
    shown: RichText = rich_text(text, markup)
    return ((shown,),) if text.strip() and shown.blocks else ()


def instruction_lines(adapter: Adapter, task: Task, instructions: str = "") -> tuple[Text, ...]:
    """``instructions``: where they were read apart from the task."""
    lines = platform_text(adapter, instructions or task.instructions)
    return (*lines, (Code(task.command, block=True),)) if task.command.strip() else lines
