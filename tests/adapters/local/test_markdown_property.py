"""Whatever a file holds, the reader neither falls over nor changes what people wrote."""

import re

from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.local.folder import procedure
from adapters.local.markdown import read
from adapters.local.text import told

MARKS = (
    "# |## |### |- [ ] |* [x] |1. [ ] |1. |  |    |\t|\n|\n\n|\r\n|```|~~~sh\n|> |---\n|===\n|<!--|-->|`|\0|\u2028"
)
WORDS_OF_OURS = "(after: |)|;|,|@ana|[x]: |a|b|Look"
PIECES = st.sampled_from([*MARKS.split("|"), *WORDS_OF_OURS.split("|")])
MESS = st.lists(PIECES | st.text(max_size=5), max_size=60).map("".join)
WORDS = st.text(st.characters(categories=["L", "N", "P", "S"], exclude_characters="@()"), min_size=1, max_size=12)
TITLES = st.lists(WORDS, min_size=1, max_size=5).map(" ".join)


@given(MESS)
@settings(max_examples=300, deadline=None)
def test_no_text_makes_it_fall_over(text: str) -> None:
    said = read(text, "name")
    assert said.title
    for place, step in enumerate(said.steps):
        assert step.title.strip()
        assert step.stage is None or said.stages[step.stage]
        assert all(0 <= other < len(said.steps) for other in step.after)
        assert place not in step.after or said.fatal
    for trouble in said.troubles:
        assert all(told(trouble, "file.md"))
    assert said.steps or said.fatal


@given(st.binary(max_size=200))
@settings(max_examples=200, deadline=None)
def test_no_bytes_make_it_fall_over(content: bytes) -> None:
    assert procedure(content, "name").title


@given(TITLES, st.lists(TITLES, min_size=1, max_size=6), st.sampled_from(["\n", "\r\n"]), st.booleans())
@settings(max_examples=200, deadline=None)
def test_titles_come_back_as_they_were_written(title: str, tasks: list[str], end: str, bom: bool) -> None:
    text = end.join([f"# {title}", "", *(f"- [ ] {task}" for task in tasks)])
    said = procedure(text.encode("utf-8-sig" if bom else "utf-8"), "name")
    closing = re.compile(r"(?:^|\s)#+$")  # CommonMark: a heading may be closed by more of its signs
    if not closing.search(title):
        assert said.title == title
    assert [step.title for step in said.steps] == tasks
    assert [step.line for step in said.steps] == list(range(3, 3 + len(tasks)))


@given(st.lists(TITLES, min_size=2, max_size=6, unique_by=lambda title: title.casefold()), st.data())
@settings(max_examples=200, deadline=None)
def test_a_dependency_by_its_whole_title_is_found_or_named(tasks: list[str], data: st.DataObject) -> None:
    wanted = data.draw(st.integers(0, len(tasks) - 2))
    lines = [f"- [ ] {task}" for task in tasks]
    said = read("\n".join([*lines[:-1], f"{lines[-1]} (after: {tasks[wanted]})"]), "name")
    assert said.steps[-1].title == tasks[-1]
    assert said.steps[-1].after == (wanted,) or said.fatal
