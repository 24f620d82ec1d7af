"""Loads the recordings: one exchange per file, by API generation and name."""

import json
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).with_name("recordings")
NAMES = sorted(f"{path.parent.name}/{path.stem}" for path in FOLDER.glob("*/*.json"))


def exchange(name: str) -> dict[str, Any]:
    """``name`` is "xurrent/task" or "itrp/task"."""
    content: dict[str, Any] = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    return content


def body(name: str) -> Any:
    return exchange(name)["body"]
