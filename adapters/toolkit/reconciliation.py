"""The two ways in which an adapter finds out whether a write was done: by the state it sets, or by its code."""

from collections.abc import Awaitable, Callable, Collection, Iterable
from typing import TypeVar

from adapters.errors import AdapterError
from adapters.results import Applied, Indeterminate, NotApplied, Reconciliation, WriteResult
from adapters.writes import WriteMarker

T = TypeVar("T")


def applied_if(is_applied: bool, result: WriteResult | None = None) -> Reconciliation:
    """For a write that sets a state: whether the state is as wanted, whoever set it."""
    return Applied(result or WriteResult()) if is_applied else NotApplied()


def find_by_code(
    items: Iterable[T],
    marker: WriteMarker,
    *,
    text: Callable[[T], str | None],
    result: Callable[[T], WriteResult],
    complete: bool = True,
    existed: Collection[str] = (),
    id: Callable[[T], str] = lambda item: "",
) -> Reconciliation:
    """For a write that creates something: the item whose ``text`` bears the receipt's code.

    ``complete`` is False where the list may go on: then a missing item proves nothing. ``existed`` are ids from
    before the write was sent; codes are short, and an older item may bear the same one.
    """
    for item in items:
        if marker.is_in(text(item)) and id(item) not in existed:
            return Applied(result(item))
    return NotApplied() if complete else Indeterminate()


async def read_or_raise(read: Awaitable[T], error: AdapterError) -> T:
    """What ``read`` returns, after a write was refused. If it fails, raises ``error``, which is certain."""
    try:
        return await read
    except AdapterError:
        raise error from None
