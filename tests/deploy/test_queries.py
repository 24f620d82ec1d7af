"""Prometheus accepts the expressions of the alerts and the dashboard.

``tests/e2e/test_metrics.py`` looks for their metrics in a scrape.
"""

import itertools

import pytest

from tests.deploy import queries


@pytest.mark.parametrize(("source", "query"), list(queries.all_queries()))
def test_every_expression_is_valid_and_names_a_metric(source: str, query: str) -> None:
    assert queries.metric_names(query) - {""}, source


def test_an_invalid_expression_is_an_error() -> None:
    with pytest.raises(ValueError, match=r"."):
        queries.metric_names("sum by (platform (liaison_effects_total)")


def test_every_alert_says_what_is_wrong_and_what_to_do() -> None:
    names = [rule["alert"] for rule in queries.alerts()]
    assert len(set(names)) == len(names)
    for rule in queries.alerts():
        assert set(rule) <= {"alert", "expr", "for", "labels", "annotations"}
        assert rule["labels"]["severity"] in ("critical", "warning")
        assert rule["annotations"].keys() == {"summary", "description"}


def test_the_panels_of_the_dashboard_do_not_overlap() -> None:
    panels = queries.panels()
    assert len({panel["id"] for panel in panels}) == len(panels)
    cells = [
        (position["x"] + x, position["y"] + y)
        for position in (panel["gridPos"] for panel in panels)
        for x, y in itertools.product(range(position["w"]), range(position["h"]))
    ]
    assert len(set(cells)) == len(cells)
    assert max(x for x, _ in cells) < 24
