"""``[access] read``: who may read the runs of a place, runbook or platform."""

from typing import Any

import pytest

from bot.config.settings import SettingsError, parse


def test_the_rules_that_readers_are_checked_against() -> None:
    read = [{"platform": "cutover", "who": ["members"]}, {"place": "C0X", "who": ["place", "U0ALERTS"]}]
    access = parse({"access": {"guests": "read", "read": read, "start": ["U0BOT"]}}, {}).access
    assert [(rule.platform, rule.place, rule.who) for rule in access.rules.read] == [
        ("cutover", "", ("members",)),
        ("", "C0X", ("place", "U0ALERTS")),
    ]
    assert access.rules.guests == "read"
    assert {"U0BOT", "U0ALERTS"} <= access.listed


@pytest.mark.parametrize(
    ("rule", "problem"),
    [
        ({"who": ["members"]}, "access.read: each entry must have a place, a runbook or a platform"),
        ({"platform": "cutover", "who": []}, "access.read: each entry must say who"),
        ("cutover", "access.read: must be a list of tables"),
    ],
)
def test_a_rule_says_whose_runs_and_who(rule: Any, problem: str) -> None:
    with pytest.raises(SettingsError) as error:
        parse({"access": {"read": [rule]}}, {})
    assert error.value.problems[0].startswith(problem)
