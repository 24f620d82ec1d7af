"""What a refusal means by its status alone, where a platform's own folder does not say it better."""

from adapters.errors import (
    AdapterError,
    BadResponse,
    Conflict,
    CredentialsRejected,
    NotFound,
    OutcomeUnknown,
    Rejected,
    Unreachable,
    Unsupported,
)
from adapters.http.responses import Response, excerpt


def error_from_status(reply: Response, platform: str, operation: str, write: bool) -> AdapterError:
    """Of any answer that is no 2xx and no 429."""
    status = reply.status
    words = excerpt(reply)
    if status in (405, 501):
        return Unsupported(platform, operation, said=words, status=status)
    if status == 408 or status >= 500:
        if write:
            return OutcomeUnknown(platform, operation, said=words, status=status)
        return Unreachable(platform, operation, said=words, status=status)
    if status == 401:
        return CredentialsRejected(platform, operation, said=words)
    if status in (404, 410):
        return NotFound(platform, operation, said=words)
    if status == 409:
        return Conflict(platform, operation, said=words)
    if status == 403:
        return Rejected(platform, operation, key="platform.forbidden", said=words)
    if status < 400:
        if write:
            return OutcomeUnknown(platform, operation, said=f"redirected ({status})")
        return BadResponse(platform, operation, said=f"redirected ({status})")
    return Rejected(platform, operation, said=words, status=status)
