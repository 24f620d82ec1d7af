"""The PromQL expressions of the alerts and of the dashboard, and the metrics that they name."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import promql_parser
import yaml

DEPLOY = Path(__file__).parent.parent.parent / "deploy"
ALERTS = DEPLOY / "prometheus" / "alerts.yaml"
DASHBOARD = DEPLOY / "grafana" / "liaison.json"
FROM_PROMETHEUS = frozenset({"up"})
"""Prometheus makes these itself."""
_TYPE = re.compile(r"^# TYPE (\w+) (\w+)$", re.MULTILINE)
_SUFFIXES = {"histogram": ("_bucket", "_sum", "_count")}
_OPERANDS = ("expr", "lhs", "rhs", "vector_selector")


def alerts() -> list[dict[str, Any]]:
    groups = yaml.safe_load(ALERTS.read_text())["groups"]
    return [rule for group in groups for rule in group["rules"]]


def panels() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(DASHBOARD.read_text())["panels"]
    return found


def all_queries() -> Iterator[tuple[str, str]]:
    """(the alert or panel, its expression)"""
    for rule in alerts():
        yield rule["alert"], rule["expr"]
    for panel in panels():
        for target in panel.get("targets", ()):
            yield panel["title"], target["expr"].replace("$__rate_interval", "5m")


def metric_names(query: str) -> set[str]:
    """Raises ``ValueError`` if Prometheus would not accept the expression."""
    return set(_names(promql_parser.parse(query)))


def _names(node: Any) -> Iterator[str]:
    if isinstance(node, promql_parser.VectorSelector):
        yield node.name or ""
    for operand in (*(getattr(node, name, None) for name in _OPERANDS), *getattr(node, "args", ())):
        if operand is not None:
            yield from _names(operand)


def exported_names(exposition: str) -> set[str]:
    """The names of all series that these metrics can have."""
    return {name + suffix for name, kind in _TYPE.findall(exposition) for suffix in _SUFFIXES.get(kind, ("",))}
