"""What a Markdown file means."""

import pytest

from adapters.local.markdown import parse
from adapters.local.procedure import Procedure


def titles(procedure: Procedure) -> list[str]:
    return [task.title for task in procedure.tasks]


def only_problem(text: str) -> tuple[str, object]:
    """(key, line) of the only problem in ``text``."""
    (found,) = parse(text, "file").problems
    return found.key, found.facts["line"]


def test_title_description_stages_and_tasks_in_the_order_of_the_file() -> None:
    parsed = parse(
        "# Failover\n\nWhat it is for.\n\n## Triage\n- [ ] Look\n- [ ] Page\n## Act\n- [ ] Promote\n", "x"
    )
    assert (parsed.title, parsed.description, parsed.stages) == ("Failover", "What it is for.", ("Triage", "Act"))
    assert [(task.title, task.stage, task.line) for task in parsed.tasks] == [
        ("Look", 0, 6),
        ("Page", 0, 7),
        ("Promote", 1, 9),
    ]
    assert parsed.problems == ()


def test_all_code_stays_in_its_place_in_the_instructions() -> None:
    parsed = parse(
        "- [ ] Look\n\n  Twice.\n\n  ```sh\n  psql -c 'x'\n    | cat\n  ```\n\n  Then:\n\n  ```\n  other\n  ```\n",
        "x",
    )
    (task,) = parsed.tasks
    assert task.instructions == "Twice.\n\n```sh\npsql -c 'x'\n  | cat\n```\n\nThen:\n\n```\nother\n```"


@pytest.mark.parametrize("mark", ["-", "*", "+", "1.", "7)"])
@pytest.mark.parametrize("box", ["[ ]", "[x]", "[X]", "[]"])
def test_every_kind_of_list_and_box_is_a_task(mark: str, box: str) -> None:
    assert titles(parse(f"{mark} {box} Look\n", "x")) == ["Look"]


def test_numbered_items_are_tasks_beside_boxes_too() -> None:
    assert titles(parse("# T\n\n- a remark\n\n1. Look\n2. Act\n   with care\n\n- [ ] End\n", "x")) == [
        "Look",
        "Act with care",
        "End",
    ]


def test_boxes_below_a_task_are_tasks_of_their_own() -> None:
    tasks = parse("- [ ] Look\n  - [ ] here\n  - [ ] there\n\n  Wait.\n", "x").tasks
    assert [(task.title, task.instructions) for task in tasks] == [("Look", "Wait."), ("here", ""), ("there", "")]


def test_boxes_below_a_plain_item_or_in_a_quote_are_tasks() -> None:
    assert titles(parse("- Database\n  - [ ] Look\n\n> - [ ] Act\n", "x")) == ["Look", "Act"]


@pytest.mark.parametrize("text", ["- [x](https://example.org) see\n", "- [y] no\n", "```\n- [ ] code\n```\n"])
def test_something_that_only_looks_like_a_box_is_not_a_task(text: str) -> None:
    assert parse(text, "x").from_sections


def test_without_a_title_the_name_is_the_title_and_tasks_have_no_stage() -> None:
    parsed = parse("- [ ] Look\n", "Database failover")
    assert (parsed.title, parsed.stages, parsed.tasks[0].stage) == ("Database failover", (), None)


def test_further_titles_and_deeper_headings_name_stages() -> None:
    parsed = parse("# T\n# Day one\n- [ ] a\n## Act\n### EU\n- [ ] b\n### US\n- [ ] c\n## Rest\n- [ ] d\n", "x")
    assert parsed.title == "T"
    assert parsed.stages == ("Day one", "Day one: Act: EU", "Day one: Act: US", "Day one: Rest")


def test_stages_with_the_same_name_are_separate_and_a_heading_without_tasks_is_text() -> None:
    parsed = parse("# T\n## Contacts\nDBA: 555\n## Check\n- [ ] a\n## Act\n- [ ] b\n## Check\n- [ ] c\n", "x")
    assert parsed.stages == ("Check", "Act", "Check")
    assert [(passage.text, passage.before) for passage in parsed.passages] == [("## Contacts\nDBA: 555", 0)]


def test_underlined_headings_are_stages_too() -> None:
    parsed = parse("Failover\n========\n\nTriage\n------\n- [ ] Look\n", "x")
    assert (parsed.title, parsed.stages, parsed.description) == ("Failover", ("Triage",), "")


def test_front_matter_and_html_comments_are_left_out_and_line_numbers_stay_true() -> None:
    parsed = parse("---\ntags:\n- db\n---\n# T\n<!-- - [ ] Not yet -->\n\n- [ ] Look\n", "x")
    assert (parsed.title, titles(parsed), parsed.description, parsed.tasks[0].line) == ("T", ["Look"], "", 8)


def test_a_rule_on_the_first_line_is_not_front_matter() -> None:
    assert titles(parse("---\n- [ ] Look\n---\n- [ ] Act\n", "x")) == ["Look", "Act"]


@pytest.mark.parametrize("end", ["\r\n", "\r"])
def test_line_endings_of_other_systems(end: str) -> None:
    parsed = parse(end.join(["# T", "## S", "- [ ] Look", "", "  Twice.", "- [ ] Act"]), "x")
    assert (parsed.title, parsed.stages, titles(parsed), parsed.tasks[0].instructions) == (
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
    (task,) = parse(f"- [ ] {line}\n", "x").tasks
    assert (task.title, task.assignees) == (title, who)


@pytest.mark.parametrize(
    "last", ["(after: Look) @ana", "@ana (after: Look)", "@ana (After:  LOOK )", '@ana (after: "look")']
)
def test_names_and_clauses_can_come_in_any_order(last: str) -> None:
    task = parse(f"- [ ] Look\n- [ ] Act {last}\n", "x").tasks[1]
    assert (task.title, task.assignees, task.after) == ("Act", ("ana",), (0,))


@pytest.mark.parametrize(
    "clause", ["(after: A, B)", "(after: A; B)", "(after: A) (after: B)", "(after: B; A; B)", "(after: A, B,)"]
)
def test_a_task_can_wait_for_several_tasks(clause: str) -> None:
    parsed = parse(f"- [ ] A\n- [ ] B\n- [ ] C {clause}\n", "x")
    assert (sorted(parsed.tasks[2].after), parsed.problems) == ([0, 1], ())


@pytest.mark.parametrize("clause", ["Stop A, B and C, Page", "Page; Stop A, B and C", "Page, Stop A, B and C"])
def test_a_title_can_have_a_comma(clause: str) -> None:
    parsed = parse(f"- [ ] Stop A, B and C\n- [ ] Page\n- [ ] Act (after: {clause})\n", "x")
    assert (sorted(parsed.tasks[2].after), parsed.problems) == ([0, 1], ())


def test_a_whole_title_wins_over_titles_inside_it() -> None:
    assert parse("- [ ] A\n- [ ] B\n- [ ] A, B\n- [ ] C (after: A, B)\n", "x").tasks[3].after == (2,)


def test_a_dependency_can_come_later_in_the_file_and_have_brackets() -> None:
    assert parse("- [ ] Act (after: Look (twice))\n- [ ] Look (twice)\n", "x").tasks[0].after == (1,)


def test_of_two_tasks_with_the_same_title_the_one_in_the_same_stage_is_used() -> None:
    text = "## EU\n- [ ] Stop\n- [ ] Start (after: Stop)\n## US\n- [ ] Stop\n- [ ] Start (after: Stop)\n"
    assert [task.after for task in parse(text, "x").tasks] == [(), (0,), (), (2,)]


def test_an_unknown_dependency_names_line_and_title() -> None:
    (found,) = parse("# T\n- [ ] Promote\n- [ ] Repoint (after: Something else)\n", "x").problems
    assert (found.key, found.facts["line"], found.facts["title"]) == ("local.after_unknown", 3, "Repoint")
    assert found.facts["wanted"] == "Something else"


def test_a_misspelled_dependency_gets_a_suggestion() -> None:
    (found,) = parse("- [ ] Promote the replica\n- [ ] Repoint (after: Promote the replcia)\n", "x").problems
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
def test_what_is_wrong_is_parsed_with_its_line(text: str, key: str, line: int) -> None:
    assert only_problem(text) == (key, line)
