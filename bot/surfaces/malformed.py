"""Deliveries that a chat, or somebody with its secret, sends in another form than documented."""

from collections.abc import Iterator
from contextlib import contextmanager

from commands.model.messages import Message


class MalformedDelivery(Exception):
    """The delivery cannot be read. It is answered with 400, and nothing of it is used."""


@contextmanager
def parsing(what: str) -> Iterator[None]:
    """Any error while reading a delivery's fields becomes ``MalformedDelivery``. Put nothing else inside."""
    try:
        yield
    except (ValueError, TypeError, LookupError, AttributeError, ArithmeticError, RecursionError) as error:
        raise MalformedDelivery(f"{what}: {type(error).__name__}") from error


def require_storable(message: Message) -> None:
    """Raises ``ValueError`` for valid JSON that cannot be stored: half a surrogate pair, deep nesting, or a value
    of another type, which could not be read again."""
    message.model_dump_json(warnings="error").encode()
