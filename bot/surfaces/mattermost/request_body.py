"""Reads and parses the bodies of requests from anybody, within limits, and writes those of responses."""

import json
from typing import Any
from urllib.parse import parse_qs

from starlette.requests import Request

_MAX_BODY_BYTES = 2**20
_MAX_FIELDS = 100  # a command has fifteen


EMPTY_RESPONSE: dict[str, Any] = {}


class RequestRejected(Exception):
    """The request must be answered with this status."""

    def __init__(self, status: int) -> None:
        self.status = status
        super().__init__(str(status))


def parse_fields(body: bytes) -> dict[str, str]:
    try:
        fields = parse_qs(body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=_MAX_FIELDS)
    except ValueError as error:
        raise RequestRejected(400) from error
    return {name: values[-1] for name, values in fields.items()}


def parse_object(body: bytes) -> dict[str, Any]:
    try:
        parsed = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise RequestRejected(400) from error
    if not isinstance(parsed, dict):
        raise RequestRejected(400)
    return parsed


async def read_body(request: Request) -> bytes:
    """Limits the size, because anybody can call the routes."""
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > _MAX_BODY_BYTES:
            raise RequestRejected(413)
    return body


def encode(response: dict[str, Any]) -> bytes:
    return json.dumps(response, ensure_ascii=False).encode()
