"""What a Markdown file means."""

import pytest

from adapters.local.markdown import read
from adapters.local.procedure import Procedure


def titles(procedure: Procedure) -> list[str]:
    return [step.title for step in procedure.steps]


def trouble(text: str) -> tuple[str, object]:
    """The one thing wrong in ``text``, and its line."""
    (found,) = read(text, "file").troubles
    return found.key, found.facts["line"]


def test_title_description_stages_and_tasks_in_the_order_of_the_file() -> None:
    said = read("# Failover\n\nWhat it is for.\n\n## Triage\n- [ ] Look\n- [ ] Page\n## Act\n- [ ] Promote\n", "x")
    assert (said.title, said.description, said.stages) == ("Failover", "What it is for.", ("Triage", "Act"))
    assert [(step.title, step.stage, step.line) for step in said.steps] == [
        ("Look", 0, 6),
        ("Page", 0, 7),
        ("Promote", 1, 9),
    ]
    assert said.troubles == ()


def test_the_first_code_block_is_the_command_and_the_rest_are_instructions() -> None:
    said = read(
        "- [ ] Look\n  Twice.\n\n  ```sh\n  psql -c 'x'\n    | cat\n  ```\n\n  Then:\n\n  ```\n  other\n  ```\n",
        "x",
    )
    (step,) = said.steps
    assert step.command == "psql -c 'x'\n  | cat"
    assert step.instructions == "Twice.\n\nThen:\n\n```\nother\n```"


@pytest.mark.parametrize("mark", ["-", "*", "+", "1.", "7)"])
@pytest.mark.parametrize("box", ["[ ]", "[x]", "[X]", "[]"])
def test_every_kind_of_list_and_box_is_a_task(mark: str, box: str) -> None:
    assert titles(read(f"{mark} {box} Look\n", "x")) == ["Look"]


def test_numbered_steps_are_tasks_where_no_box_is() -> None:
    assert titles(read("# T\n\n- a remark\n\n1. Look\n2. Act\n   with care\n", "x")) == ["Look", "Act"]


def test_numbered_lists_are_text_where_boxes_are() -> None:
    said = read("# T\n\n1. a remark\n\n- [ ] Look\n", "x")
    assert titles(said) == ["Look"]
    assert said.description == "1. a remark"


def test_boxes_below_a_task_are_its_instructions() -> None:
    (step,) = read("- [ ] Look\n  - [ ] here\n  - [ ] there\n", "x").steps
    assert step.instructions == "- [ ] here\n- [ ] there"


def test_boxes_below_a_plain_point_or_in_a_quote_are_tasks() -> None:
    assert titles(read("- Database\n  - [ ] Look\n\n> - [ ] Act\n", "x")) == ["Look", "Act"]


@pytest.mark.parametrize("text", ["- [x](https://example.org) see\n", "- [y] no\n", "```\n- [ ] code\n```\n"])
def test_what_only_looks_like_a_box_is_no_task(text: str) -> None:
    assert read(text, "x").steps == ()


def test_without_a_title_the_name_is_the_title_and_tasks_need_no_stage() -> None:
    said = read("- [ ] Look\n", "Database failover")
    assert (said.title, said.stages, said.steps[0].stage) == ("Database failover", (), None)


def test_further_titles_and_deeper_headings_name_stages() -> None:
    said = read("# T\n# Day one\n- [ ] a\n## Act\n### EU\n- [ ] b\n### US\n- [ ] c\n## Rest\n- [ ] d\n", "x")
    assert said.title == "T"
    assert said.stages == ("Day one", "Day one: Act: EU", "Day one: Act: US", "Day one: Rest")


def test_two_stages_of_one_name_stay_apart_and_one_without_tasks_is_text() -> None:
    said = read("# T\n## Contacts\nDBA: 555\n## Check\n- [ ] a\n## Act\n- [ ] b\n## Check\n- [ ] c\n", "x")
    assert said.stages == ("Check", "Act", "Check")
    assert said.description == "Contacts\nDBA: 555"


def test_underlined_headings_count_as_well() -> None:
    said = read("Failover\n========\n\nTriage\n------\n- [ ] Look\n", "x")
    assert (said.title, said.stages, said.description) == ("Failover", ("Triage",), "")


def test_front_matter_and_remarks_are_left_out_and_lines_stay_true() -> None:
    said = read("---\ntags:\n- db\n---\n# T\n<!-- - [ ] Not yet -->\n\n- [ ] Look\n", "x")
    assert (said.title, titles(said), said.description, said.steps[0].line) == ("T", ["Look"], "", 8)


def test_a_rule_on_the_first_line_is_no_front_matter() -> None:
    assert titles(read("---\n- [ ] Look\n---\n- [ ] Act\n", "x")) == ["Look", "Act"]


@pytest.mark.parametrize("end", ["\r\n", "\r"])
def test_line_ends_of_other_systems(end: str) -> None:
    said = read(end.join(["# T", "## S", "- [ ] Look", "  Twice.", "- [ ] Act"]), "x")
    assert (said.title, said.stages, titles(said), said.steps[0].instructions) == (
        "T",
        ("S",),
        ["Look", "Act"],
        "Twice.",
    )


@pytest.mark.parametrize(
    ("line", "title", "who"),
    [
        ("Look @ana", "Look", ("ana",)),
        ("Look @ana @ben.silva", "Look", ("ana", "ben.silva")),
        ("@ana Look", "@ana Look", ("ana",)),
        ("Ask @ana, then look", "Ask @ana, then look", ("ana",)),
        ("Mail root@example.org", "Mail root@example.org", ()),
        ("Install @acme/tool", "Install @acme/tool", ()),
        ("Run `npm i @acme` now", "Run `npm i @acme` now", ()),
    ],
)
def test_names_are_assignees(line: str, title: str, who: tuple[str, ...]) -> None:
    (step,) = read(f"- [ ] {line}\n", "x").steps
    assert (step.title, step.assignees) == (title, who)


@pytest.mark.parametrize(
    "last", ["(after: Look) @ana", "@ana (after: Look)", "@ana (After:  LOOK )", '@ana (after: "look")']
)
def test_names_and_clauses_stand_in_any_order(last: str) -> None:
    step = read(f"- [ ] Look\n- [ ] Act {last}\n", "x").steps[1]
    assert (step.title, step.assignees, step.after) == ("Act", ("ana",), (0,))


@pytest.mark.parametrize(
    "clause", ["(after: A, B)", "(after: A; B)", "(after: A) (after: B)", "(after: B; A; B)", "(after: A, B,)"]
)
def test_a_task_may_wait_for_several(clause: str) -> None:
    said = read(f"- [ ] A\n- [ ] B\n- [ ] C {clause}\n", "x")
    assert (sorted(said.steps[2].after), said.troubles) == ([0, 1], ())


@pytest.mark.parametrize("clause", ["Stop A, B and C, Page", "Page; Stop A, B and C", "Page, Stop A, B and C"])
def test_a_comma_may_belong_to_a_title(clause: str) -> None:
    said = read(f"- [ ] Stop A, B and C\n- [ ] Page\n- [ ] Act (after: {clause})\n", "x")
    assert (sorted(said.steps[2].after), said.troubles) == ([0, 1], ())


def test_a_whole_title_wins_over_its_pieces() -> None:
    assert read("- [ ] A\n- [ ] B\n- [ ] A, B\n- [ ] C (after: A, B)\n", "x").steps[3].after == (2,)


def test_a_dependency_may_stand_below_and_have_brackets() -> None:
    assert read("- [ ] Act (after: Look (twice))\n- [ ] Look (twice)\n", "x").steps[0].after == (1,)


def test_of_two_tasks_with_one_title_the_one_in_this_stage_is_meant() -> None:
    text = "## EU\n- [ ] Stop\n- [ ] Start (after: Stop)\n## US\n- [ ] Stop\n- [ ] Start (after: Stop)\n"
    assert [step.after for step in read(text, "x").steps] == [(), (0,), (), (2,)]


def test_an_unknown_dependency_says_line_and_title() -> None:
    (found,) = read("# T\n- [ ] Promote\n- [ ] Repoint (after: Something else)\n", "x").troubles
    assert (found.key, found.facts["line"], found.facts["title"]) == ("local.after_unknown", 3, "Repoint")
    assert found.facts["wanted"] == "Something else"


def test_a_dependency_that_is_nearly_right_is_guessed() -> None:
    (found,) = read("- [ ] Promote the replica\n- [ ] Repoint (after: Promote the replcia)\n", "x").troubles
    assert (found.key, found.facts["guess"]) == ("local.after_near", "Promote the replica")


@pytest.mark.parametrize(
    ("text", "key", "line"),
    [
        ("# T\n", "local.no_tasks", 1),
        ("", "local.no_tasks", 1),
        ("- [ ] A\n- [ ]\n", "local.no_title", 2),
        ("- [ ] A\n- [ ] (after: A)\n", "local.no_title", 2),
        ("- [ ] A\n- [ ] B (after: A) please\n", "local.after_misplaced", 2),
        ("- [ ] A\n- [ ] B (after: )\n", "local.after_unknown", 2),
        ("- [ ] A (after: A)\n", "local.circle", 1),
        ("- [ ] Z\n- [ ] A (after: C)\n- [ ] B (after: A)\n- [ ] C (after: B)\n", "local.circle", 2),
        ("## S\n- [ ] A\n- [ ] A\n## U\n- [ ] B (after: A)\n", "local.after_twice", 5),
        (
            "- [ ] A, B\n- [ ] A\n- [ ] B\n- [ ] C\n- [ ] B, C\n- [ ] D (after: A, B, C)\n",
            "local.after_unclear",
            6,
        ),
    ],
)
def test_what_is_wrong_is_said_with_its_line(text: str, key: str, line: int) -> None:
    assert trouble(text) == (key, line)
