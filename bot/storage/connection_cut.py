"""Ends a connection whose other side does not answer, while somebody waits for it."""

import os
import socket
from contextlib import suppress
from typing import Protocol


class HasSocket(Protocol):
    def fileno(self) -> int: ...


def cut(connection: HasSocket) -> None:
    """Whoever waits for an answer gets an error at once. May be called in any thread."""
    with suppress(OSError, Exception), socket.socket(fileno=os.dup(connection.fileno())) as shared:
        shared.shutdown(socket.SHUT_RDWR)
