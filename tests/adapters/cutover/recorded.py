"""The recordings, by name."""

import json
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).with_name("recordings")
NAMES = sorted(path.stem for path in FOLDER.glob("*.json"))


def recorded(name: str) -> Any:
    return json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
