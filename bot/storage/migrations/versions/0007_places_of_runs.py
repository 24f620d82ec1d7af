"""The places that runs belong to, and who started them: only their people may read them from now on.

Taken from the bindings and live cards of each run, and from the messages that are still stored.
"""

import json
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

Json = dict[str, Any]


def upgrade() -> None:
    connection = op.get_bind()
    cards = _places_of_cards(connection)
    places: dict[int, dict[str, Json]] = {}
    for run, key in connection.execute(sa.text("SELECT run, place FROM bindings ORDER BY at, thread")):
        places.setdefault(run, {}).setdefault(key, cards.get(run, {}).get(key) or _place_of_key(key))
    for run, by_key in cards.items():
        places[run] = {**places.get(run, {}), **by_key}
    for number, start_key, stored in connection.execute(sa.text("SELECT number, start_key, overlay FROM runs")):
        overlay = dict(before := _object(stored))
        if number in places and "places" not in overlay:
            overlay["places"] = list(places[number].values())
        starter = _sender(connection, start_key)
        if starter is not None:
            overlay.setdefault("started_by", starter)
        if overlay != before:
            change = sa.text("UPDATE runs SET overlay = :overlay WHERE number = :number")
            connection.execute(change, {"overlay": _dump(overlay), "number": number})


def _places_of_cards(connection: sa.Connection) -> dict[int, dict[str, Json]]:
    found: dict[int, dict[str, Json]] = {}
    for run, key, place in connection.execute(sa.text("SELECT run, place_key, place FROM live_cards")):
        if parsed := _object(place):
            found.setdefault(run, {})[key] = _without_defaults(parsed)
    return found


def _place_of_key(key: str) -> Json:
    surface, workspace, channel = key.split("/", 2)
    return _without_defaults({"surface": surface, "workspace": workspace, "channel": channel})


def _sender(connection: sa.Connection, start_key: str | None) -> Json | None:
    query = sa.text("SELECT message FROM inbox WHERE key = :key")
    stored = connection.execute(query, {"key": start_key}).scalar() if start_key else None
    actor = _object(stored).get("actor")
    return _without_defaults(actor) if isinstance(actor, dict) else None


def _without_defaults(dump: Json) -> Json:
    """As the application stores it."""
    return {name: value for name, value in dump.items() if value not in ("", False, None, "unknown")}


def _dump(overlay: Json) -> str:
    return json.dumps(overlay, separators=(",", ":"), ensure_ascii=False)


def _object(stored: str | None) -> Json:
    """Empty for what cannot be read: it was reported when it was found, and stays as it is."""
    try:
        parsed = json.loads(stored or "{}")
    except ValueError:
        return {}
    return parsed if isinstance(parsed, dict) else {}
