"""The samples of the Tines API, by name."""

import json
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).with_name("recordings")
EXCHANGES: dict[str, dict[str, Any]] = {
    item["name"]: item for item in json.loads((FOLDER / "cases-v2.json").read_text(encoding="utf-8"))["exchanges"]
}


def response_body(name: str) -> Any:
    return EXCHANGES[name]["response"]["body"]


def request(name: str) -> dict[str, Any]:
    result: dict[str, Any] = EXCHANGES[name]["request"]
    return result
