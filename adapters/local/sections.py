"""The sections of a text as steps, where it has no steps of its own or its author says that they are the steps."""

from collections import Counter
from collections.abc import Sequence

from adapters.local.headings import Kind
from adapters.local.outline import Section
from adapters.local.steps import Step


def find_sections(root: Section, title: str, depth: int = 0) -> list[Step]:
    """``depth``: of the headings that are steps; 0 for the first one that there are several of. A text without
    sections is one step with the ``title``.
    """
    sections = [section for section in root.walk() if section.depth and section.has_text]
    useful = [section for section in sections if section.kind is not Kind.CONTEXT] or sections
    chosen = [section for section in useful if section.depth == (depth or _depth(useful))] or useful
    if chosen:
        return [Step(one.title, one.first, one.body, one.end, one) for one in chosen]
    start = root.blocks[0].first if root.blocks else root.end
    return [Step(title, start, start, root.end, root)] if root.has_text else []


def _depth(sections: Sequence[Section]) -> int:
    counts = Counter(section.depth for section in sections)
    several = [depth for depth, count in counts.items() if count > 1]
    return min(several or counts, default=0)
