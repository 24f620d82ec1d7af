"""Documented payloads with one part replaced by something else, for fuzzing what chats send."""

import copy
from collections.abc import Iterator
from typing import Any

from hypothesis import strategies as st

_leaves = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False),
    st.text(max_size=20),
    st.sampled_from(["", "{", "[]", "\\ud800", "1" * 400, "[" * 2000, '{"v":1,"i":{"verb":"form"}}']),
)
values = st.recursive(
    _leaves,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=8), inner, max_size=3)),
    max_leaves=5,
)


def paths(payload: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield path
    items = (
        payload.items() if isinstance(payload, dict) else enumerate(payload) if isinstance(payload, list) else ()
    )
    for key, item in items:
        yield from paths(item, (*path, key))


@st.composite
def damaged(draw: st.DrawFn, payloads: st.SearchStrategy[Any]) -> Any:
    """One part of the payload, or all of it, is replaced or removed."""
    payload = copy.deepcopy(draw(payloads))
    path = draw(st.sampled_from(list(paths(payload))))
    value = draw(values)
    if not path:
        return value
    parent = payload
    for key in path[:-1]:
        parent = parent[key]
    if draw(st.booleans()) or isinstance(parent, list):
        parent[path[-1]] = value
    else:
        del parent[path[-1]]
    return payload


def nested(depth: int) -> Any:
    value: Any = "x"
    for _ in range(depth):
        value = {"a": value}
    return value
