"""The samples of the document, by name."""

import json
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).with_name("recordings")
EXCHANGES: dict[str, dict[str, Any]] = {
    item["name"]: item for item in json.loads((FOLDER / "cases-v2.json").read_text(encoding="utf-8"))["exchanges"]
}


def answer(name: str) -> Any:
    return EXCHANGES[name]["response"]["body"]


def request(name: str) -> dict[str, Any]:
    found: dict[str, Any] = EXCHANGES[name]["request"]
    return found
