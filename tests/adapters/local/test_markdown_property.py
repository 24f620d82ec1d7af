"""Whatever is in a file, the parser neither raises nor changes what people wrote."""

import re

from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.local.folder import parse_file
from adapters.local.markdown import parse
from adapters.local.text import problem_text

MARKS = (
    "# |## |### |- [ ] |* [x] |1. [ ] |1. |  |    |\t|\n|\n\n|\r\n|```|~~~sh\n|> |---\n|===\n|<!--|-->|`|\0|\u2028"
)
SYNTAX = "(after: |)|;|,|@ana|[x]: |a|b|Look"
PIECES = st.sampled_from([*MARKS.split("|"), *SYNTAX.split("|")])
ANY_TEXT = st.lists(PIECES | st.text(max_size=5), max_size=60).map("".join)
WORDS = st.text(
    st.characters(categories=["L", "N", "P", "S"], exclude_characters="@()*_[]!<>&\\`~"), min_size=1, max_size=12
)
TITLES = st.lists(WORDS, min_size=1, max_size=5).map(" ".join)


@given(ANY_TEXT)
@settings(max_examples=300, deadline=None)
def test_no_text_makes_it_raise(text: str) -> None:
    parsed = parse(text, "name")
    assert parsed.title
    for index, task in enumerate(parsed.tasks):
        assert task.title.strip()
        assert task.stage is None or parsed.stages[task.stage]
        assert all(0 <= other < len(parsed.tasks) for other in task.after)
        assert index not in task.after or parsed.fatal
    for problem in parsed.problems:
        assert all(problem_text(problem, "file.md"))
    assert parsed.tasks or parsed.fatal


MARKERS = [
    "",
    "# ",
    "## Steps ",
    "### Step 1: ",
    "- [ ] ",
    "- ☐ ",
    "* ",
    "1. ",
    "2) ",
    "> ",
    "    ",
    "| a | ",
    "```",
    "**",
    "~~~ ",
]
INDENTS = st.sampled_from(["", "  ", "   ", "     "])
LINES = st.lists(st.tuples(INDENTS, st.sampled_from(MARKERS), st.booleans()), max_size=40)


@given(LINES)
@settings(max_examples=500, deadline=None)
def test_no_line_is_lost(lines: list[tuple[str, str, bool]]) -> None:
    """Each line has a word of its own, and all words are in a title, in instructions or in the context."""
    text = "\n".join(
        f"{indent}{marker}word{number}" + ("\n" if blank else "")
        for number, (indent, marker, blank) in enumerate(lines)
    )
    parsed = parse(text, "name")
    shown = [parsed.title, parsed.description, *parsed.stages, *(passage.text for passage in parsed.passages)]
    shown += [f"{task.title}\n{task.instructions}" for task in parsed.tasks]
    assert set(re.findall(r"word\d+", text)) == set(re.findall(r"word\d+", "\n".join(shown)))


@given(st.binary(max_size=200))
@settings(max_examples=200, deadline=None)
def test_no_bytes_make_it_raise(content: bytes) -> None:
    assert parse_file(content, "name").title


@given(TITLES, st.lists(TITLES, min_size=1, max_size=6), st.sampled_from(["\n", "\r\n"]), st.booleans())
@settings(max_examples=200, deadline=None)
def test_titles_are_kept_as_written(title: str, tasks: list[str], end: str, bom: bool) -> None:
    text = end.join([f"# {title}", "", *(f"- [ ] {task}" for task in tasks)])
    parsed = parse_file(text.encode("utf-8-sig" if bom else "utf-8"), "name")
    closing = re.compile(r"(?:^|\s)#+$")  # CommonMark: a heading may be closed by more of its signs
    if not closing.search(title):
        assert parsed.title == title
    assert [task.title for task in parsed.tasks] == tasks
    assert [task.line for task in parsed.tasks] == list(range(3, 3 + len(tasks)))


@given(st.lists(TITLES, min_size=2, max_size=6, unique_by=lambda title: title.casefold()), st.data())
@settings(max_examples=200, deadline=None)
def test_a_dependency_on_a_whole_title_is_found_or_reported(tasks: list[str], data: st.DataObject) -> None:
    wanted = data.draw(st.integers(0, len(tasks) - 2))
    lines = [f"- [ ] {task}" for task in tasks]
    parsed = parse("\n".join([*lines[:-1], f"{lines[-1]} (after: {tasks[wanted]})"]), "name")
    assert parsed.tasks[-1].title == tasks[-1]
    assert parsed.tasks[-1].after == (wanted,) or parsed.fatal
