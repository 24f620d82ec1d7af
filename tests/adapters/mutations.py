"""Hypothesis strategies for responses with missing, empty, new or malformed fields."""

import copy
from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st

Path = tuple[Any, ...]
_NEW_VALUES: st.SearchStrategy[Any] = st.sampled_from((None, 1, "text", [], {"a": []}))
_ANY_VALUES: st.SearchStrategy[Any] = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.integers(min_value=10**15, max_value=10**400),
    st.floats(),
    st.text(max_size=20),
    st.sampled_from(([], {}, [None, 1, "text", [], {"id": 1}], {"id": {"id": []}, "name": [1]}, {"id": None})),
)


def value_paths(value: Any, path: Path = ()) -> list[Path]:
    """The path of every value inside ``value``: object keys and list positions."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    paths: list[Path] = []
    for name, inner in items:
        paths += [(*path, name), *value_paths(inner, (*path, name))]
    return paths


@st.composite
def other_version(draw: st.DrawFn, response: Any, is_kept: Callable[[Path], bool]) -> Any:
    """A response of another API version: fields are missing, null or new, except those that ``is_kept``."""
    return _mutate(draw, response, lambda path: isinstance(path[-1], int) or is_kept(path), st.none())


@st.composite
def corrupted(draw: st.DrawFn, response: Any, is_kept: Callable[[Path], bool] = lambda path: False) -> Any:
    """A response in which any value may be anything, except those that ``is_kept``."""
    return _mutate(draw, response, is_kept, _ANY_VALUES)


def _mutate(
    draw: st.DrawFn, response: Any, is_kept: Callable[[Path], bool], values: st.SearchStrategy[Any]
) -> Any:
    response = copy.deepcopy(response)
    for _ in range(draw(st.integers(0, 6))):
        paths = [path for path in value_paths(response) if not is_kept(path)]
        if not paths:
            break
        *parents, last = draw(st.sampled_from(paths))
        container = response
        for key in parents:
            container = container[key]
        match draw(st.sampled_from(("add", "remove", "change"))):
            case "add" if isinstance(container, dict):
                container["field_from_the_future"] = copy.deepcopy(draw(_NEW_VALUES))
            case "remove":
                del container[last]
            case _:
                container[last] = copy.deepcopy(draw(values))
    return response


# The former names, until the other platforms use the new ones.
aged, damaged, places = other_version, corrupted, value_paths
