"""One page of a list, with the paging headers and pitfalls of Runrun.it."""

from collections.abc import Mapping
from urllib.parse import urlencode

from adapters.testing.fake_server import Seen
from tests.adapters.runrunit.fake_responses import Json
from tests.adapters.runrunit.world import refuse


def page(
    seen: Seen, items: list[Json], max_size: int, endless: bool, next_url: str | None
) -> tuple[list[Json], Mapping[str, str]]:
    """A page out of range is page 1. ``endless``: every page has a next one. ``next_url``: its address."""
    limit, requested = seen.query.get("limit", "100"), seen.query.get("page", "1")
    if not (limit.isdecimal() and 1 <= int(limit) <= 100):
        refuse()
    size = min(int(limit), max_size)
    last = max(1, -(-len(items) // size))
    number = int(requested) if requested.isdecimal() and 1 <= int(requested) <= last else 1
    first = (number - 1) * size
    shown = items[first : first + size]
    links = [_link(seen, number, "self"), _link(seen, last, "last")]
    if next_url is not None:
        links.append(f'<{next_url}>; rel="next"')
    elif endless or number < last:
        links.append(_link(seen, (int(requested) if endless else number) + 1, "next"))
    total = 10_000 if endless or next_url else len(items)
    return shown, {"Link": ", ".join(links), "X-Item-Range": f"items {first + 1}-{first + len(shown)}/{total}"}


def _link(seen: Seen, number: int, rel: str) -> str:
    """The link is relative and lacks the API version."""
    query = urlencode({**seen.query, "page": number})
    return f'<{seen.path.replace("/v1.0", "")}?{query}>; rel="{rel}"'
