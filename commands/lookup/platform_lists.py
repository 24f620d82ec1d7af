"""Asks several platforms for a list at once, and says where the list is not all there is."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from adapters.errors import AdapterError
from adapters.models import Listing
from adapters.protocol import Adapter
from commands.model.card import Text
from commands.model.ports import Services
from commands.text.catalogue import translate
from commands.text.error_text import adapter_error_text, platform_messages, platform_title

T = TypeVar("T")


@dataclass(frozen=True)
class Listed(Generic[T]):
    """``answered`` are the platforms that did. ``gaps``: a sentence for each platform that may have more."""

    items: Sequence[T]
    answered: Collection[str]
    gaps: tuple[Text, ...]
    errors: Sequence[AdapterError]


def gap_text(name: str, listing: Listing[Any], services: Services) -> Text:
    """Why the platform's list is not complete; empty if it is."""
    if listing.complete:
        return ()
    messages = platform_messages(name, services)
    if listing.gap in messages:
        return translate(listing.gap, messages, **listing.gap_facts)
    return translate("list.cut", platform=platform_title(name, services))


async def ask_platforms(
    names: Sequence[str], ask: Callable[[Adapter], Awaitable[Listing[T]]], services: Services
) -> Listed[T]:
    results = await asyncio.gather(*(ask(services.platforms[name]) for name in names), return_exceptions=True)
    items: list[T] = []
    answered: list[str] = []
    gaps: list[Text] = []
    errors: list[AdapterError] = []
    for name, result in zip(names, results, strict=True):
        if isinstance(result, AdapterError):
            errors.append(result)
            gaps.append(adapter_error_text(result, services, nothing_changed=False))
        elif isinstance(result, BaseException):
            raise result
        else:
            items += result
            answered.append(name)
            if gap := gap_text(name, result, services):
                gaps.append(gap)
    return Listed(items, answered, tuple(gaps), errors)
