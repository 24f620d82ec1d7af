"""The recorded responses, by file name."""

import json
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).with_name("recordings")
RECORDINGS = sorted(path.stem for path in FOLDER.glob("*.json"))


def load_recording(name: str) -> Any:
    return json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
