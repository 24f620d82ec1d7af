"""Answers that a platform may give one day: fields that are gone, empty, of another kind, or new."""

import copy
from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st

Path = tuple[Any, ...]
_NEW: st.SearchStrategy[Any] = st.sampled_from((None, 1, "text", [], {"a": []}))
_STRANGE: st.SearchStrategy[Any] = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.integers(min_value=10**15, max_value=10**400),
    st.floats(),
    st.text(max_size=20),
    st.sampled_from(([], {}, [None, 1, "text", [], {"id": 1}], {"id": {"id": []}, "name": [1]}, {"id": None})),
)


def places(value: Any, path: Path = ()) -> list[Path]:
    """Where every value inside ``value`` stands: keys of objects and positions in lists."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    found: list[Path] = []
    for name, inner in items:
        found += [(*path, name), *places(inner, (*path, name))]
    return found


@st.composite
def aged(draw: st.DrawFn, answer: Any, kept: Callable[[Path], bool]) -> Any:
    """Of another version: fields that are not ``kept`` are null or gone, and some have come."""
    return _changed(draw, answer, lambda path: isinstance(path[-1], int) or kept(path), st.none())


@st.composite
def damaged(draw: st.DrawFn, answer: Any, kept: Callable[[Path], bool] = lambda path: False) -> Any:
    """Whatever is not ``kept`` may be anything."""
    return _changed(draw, answer, kept, _STRANGE)


def _changed(draw: st.DrawFn, answer: Any, kept: Callable[[Path], bool], values: st.SearchStrategy[Any]) -> Any:
    answer = copy.deepcopy(answer)
    for _ in range(draw(st.integers(0, 6))):
        open_ = [path for path in places(answer) if not kept(path)]
        if not open_:
            break
        *path, last = draw(st.sampled_from(open_))
        where = answer
        for step in path:
            where = where[step]
        match draw(st.sampled_from(("add", "remove", "change"))):
            case "add" if isinstance(where, dict):
                where["field_from_the_future"] = copy.deepcopy(draw(_NEW))
            case "remove":
                del where[last]
            case _:
                where[last] = copy.deepcopy(draw(values))
    return answer
