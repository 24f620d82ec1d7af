"""What ``show RUN --diff`` shows of two texts."""

import pytest

from commands.operations.diff import MOST_COMPARED, diff_lines


@pytest.mark.parametrize(
    ("before", "after", "shown"),
    [
        ("a\nb\n", "a\nb\n", []),
        ("a\r\nb\r\n", "a\nb", []),
        ("", "", []),
        ("a\nb\nc", "a\nB\nc", ["@@ -1,3 +1,3 @@", " a", "-b", "+B", " c"]),
        ("", "a", ["@@ -0,0 +1 @@", "+a"]),
    ],
)
def test_a_diff_is_a_unified_one_without_file_names(before: str, after: str, shown: list[str]) -> None:
    assert list(diff_lines(before, after)) == shown


def test_long_texts_are_compared_from_the_first_difference_to_the_last() -> None:
    lines = [f"line {number}" for number in range(MOST_COMPARED + 1)]
    changed = [*lines[:9], "new", *lines[10:20], "newer", *lines[21:]]
    assert diff_lines("\n".join(lines), "\n".join(lines)) == ()
    diff = diff_lines("\n".join(lines), "\n".join(changed))
    assert diff[:2] == ["@@ -10,12 +10,12 @@", "-line 9"]
    assert (diff[12:14], len(diff)) == (["-line 20", "+new"], 25)
    added = diff_lines("\n".join(lines), "\n".join([*lines[:9], "more", *lines[9:]]))
    assert added == ["@@ -10,0 +10,1 @@", "+more"]
