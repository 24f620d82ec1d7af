"""The recorded exchanges, by file name."""

import json
from functools import cache
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).with_name("recordings")
RECORDINGS = sorted(path.stem for path in FOLDER.glob("*.json"))


@cache
def load_exchange(name: str) -> Any:
    """``request`` (method, path, body), ``status``, ``headers`` and ``body``. Cached: do not change it."""
    return json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))


def load_recording(name: str) -> Any:
    return load_exchange(name)["body"]


RECORDINGS_WITH_BODY = [name for name in RECORDINGS if load_recording(name) is not None]
