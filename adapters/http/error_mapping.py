"""What an error response means by its status alone, where the adapter does not know better."""

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


def error_from_status(response: Response, platform: str, operation: str, write: bool) -> AdapterError:
    """For any status but 2xx and 429."""
    status = response.status
    text = excerpt(response)
    if status in (405, 501):
        return Unsupported(platform, operation, said=text, status=status)
    if status == 408 or status >= 500:
        if write:
            return OutcomeUnknown(platform, operation, said=text, status=status)
        return Unreachable(platform, operation, said=text, status=status)
    if status == 401:
        return CredentialsRejected(platform, operation, said=text)
    if status in (404, 410):
        return NotFound(platform, operation, said=text)
    if status == 409:
        return Conflict(platform, operation, said=text)
    if status == 403:
        return Rejected(platform, operation, key="platform.forbidden", said=text)
    if status < 400:
        if write:
            return OutcomeUnknown(platform, operation, said=f"redirected ({status})")
        return BadResponse(platform, operation, said=f"redirected ({status})")
    return Rejected(platform, operation, said=text, status=status)
