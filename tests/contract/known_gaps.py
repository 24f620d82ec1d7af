"""Tests of the contract suite that a built-in platform does not pass yet, each with what is wrong.

The table empties: whoever closes a gap removes its line, and a line for a test that passes fails.
"""

from collections.abc import Mapping

_FIELD = "test_a_field_is_taken_refused_or_said_to_be_left_out"
_SECOND = "test_a_second_assignee_is_added_or_named_as_the_only_one"

KNOWN_GAPS: Mapping[str, str] = {}
