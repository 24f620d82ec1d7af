"""Parts the text that a step opens with into its title and what else it says."""

import re

from adapters.local.blocks import LinkDefinitions, has_link, plain
from adapters.local.line import ends_with_note

_LONG_TITLE = 250  # characters; of a longer text, the first sentence is the title
_SENTENCE_END = re.compile(r"(?<=\w)[.!?:](?=\s)|[。！？]")


def split_title(text: str, links: LinkDefinitions) -> tuple[str, str]:
    """(the title on one line, the rest as written). A title ends at a hard line break, and at the line whose end
    names a person or what the task waits for. Where the title can't show a link, the rest has all of the text.
    """
    lines = text.split("\n")
    ends = (n for n, line in enumerate(lines[:-1], start=1) if line.endswith(("  ", "\\")) or ends_with_note(line))
    end = next(ends, len(lines))
    title = "\n".join(lines[:end]).rstrip("\\")
    rest = "\n".join(lines[end:])
    if len(title) > _LONG_TITLE:
        title, more = _first_sentence(title)
        rest = f"{more}\n{rest}".strip("\n")
    if has_link(title, links):
        rest = text
    return plain(title, links), rest


def _first_sentence(text: str) -> tuple[str, str]:
    found = _SENTENCE_END.search(text, 20, _LONG_TITLE)
    if found is None or text.count("`", 0, found.end()) % 2:
        return text, ""
    return text[: found.end()], text[found.end() :].lstrip()
