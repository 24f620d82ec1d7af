"""The rules of ``[access]``: who may read and change runs."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class ReadRule:
    """Who may read the runs of a ``place``, ``runbook`` or ``platform``, instead of the people of their places.

    ``who`` has people as in ``AccessRules``, and the words "members" (every full member) and "place".
    """

    who: Sequence[str]
    place: str = ""
    runbook: str = ""
    platform: str = ""


@dataclass(frozen=True)
class AccessRules:
    """``[access]``: chat ids, handles or e-mails; empty means every full member (``override``: as ``end``).

    ``read``: the first rule that fits a run decides. ``guests``: what guests and other companies see of the runs
    of places that they are in.
    """

    start: Sequence[str] = ()
    end: Sequence[str] = ()
    write: Sequence[str] = ()
    override: Sequence[str] = ()
    places: Sequence[str] = ()
    read: Sequence[ReadRule] = ()
    guests: Literal["card", "read", "off"] = "card"
