"""The recordings, by name."""

import json
from functools import cache
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).with_name("recordings")
NAMES = sorted(path.stem for path in FOLDER.glob("*.json"))


@cache
def exchange(name: str) -> Any:
    """``request`` {method, path, body}, ``status``, ``headers``, ``body``. Not to be changed: it is shared."""
    return json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))


def recorded(name: str) -> Any:
    return exchange(name)["body"]


WITH_BODY = [name for name in NAMES if recorded(name) is not None]
