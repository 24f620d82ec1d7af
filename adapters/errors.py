"""What can go wrong with a platform, sorted by what is true afterwards and who must act.

AdapterError(platform, operation)
├── Unreachable          nothing was sent, or only a read failed: it may be retried
├── OutcomeUnknown       a write was sent and no readable response came back: reconcile it before sending it again
├── RateLimited          nothing was done; try again after ``retry_after`` seconds
├── CredentialsRejected  the operator must act: the key is wrong or lacks a right
├── NotConfigured        the platform was taken out of the settings, or renamed there
├── NotFound             it does not exist, or our key cannot see it
├── Conflict             the state has changed; ``already`` if it is exactly as asked for
├── Rejected             the platform refused; ``said`` has its own text
├── BadResponse          a read got a 2xx response that cannot be parsed
└── Unsupported          the platform has no such operation; raised before any call

Every error names a message: ``key`` in the adapter's ``messages.toml``, or else in
``commands/text/messages.toml``, and ``facts`` for its placeholders. ``said`` is the platform's own text, cut to
300 characters, unescaped and without secrets. Only the effect log turns these errors into outcomes, and only
dispatch turns them into cards.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta


class AdapterError(Exception):
    """Base of all. ``platform`` is the ``[platforms.NAME]`` name, ``operation`` a short word: "finish"."""

    default_key = "platform.error"
    may_pass = True  # sent again unchanged, it may succeed

    def __init__(
        self, platform: str, operation: str, *, key: str | None = None, said: str = "", **facts: object
    ) -> None:
        self.platform = platform
        self.operation = operation
        self.key = key or self.default_key
        self.said = " ".join(said.split())[:300]
        self.facts: dict[str, object] = {"platform": platform, "operation": operation, **facts}
        super().__init__(f"{platform} {operation}: {self.key} {self.said}".strip())


class Unreachable(AdapterError):
    default_key = "platform.unreachable"


class OutcomeUnknown(AdapterError):
    default_key = "platform.unknown"


class RateLimited(AdapterError):
    default_key = "platform.rate_limited"

    """``until``: when the platform allows another try, by our clock."""

    def __init__(
        self, platform: str, operation: str, *, retry_after: float, key: str | None = None, said: str = ""
    ) -> None:
        self.retry_after = retry_after
        self.until = datetime.now(UTC) + timedelta(seconds=retry_after)
        super().__init__(platform, operation, key=key, said=said, until=self.until)


class CredentialsRejected(AdapterError):
    default_key = "platform.credentials"
    may_pass = False


class NotConfigured(AdapterError):
    default_key = "platform.not_configured"
    may_pass = False


class NotFound(AdapterError):
    default_key = "platform.not_found"
    may_pass = False


class Conflict(AdapterError):
    """``already``: it is exactly as the write wanted it, because somebody else did it before.

    ``for_good``: sent again unchanged, it can only be refused again.
    """

    default_key = "platform.conflict"

    def __init__(
        self,
        platform: str,
        operation: str,
        *,
        already: bool = False,
        for_good: bool = False,
        key: str | None = None,
        said: str = "",
        **facts: object,
    ) -> None:
        super().__init__(platform, operation, key=key, said=said, **facts)
        self.already = already
        self.may_pass = not for_good


class Rejected(AdapterError):
    """``retry_with``: the write options (``Write.options``) with which a confirmed second try may succeed.

    ``choices``: the platform needs to know which: the message key of each button and the options it passes.
    ``assign_first``: it wants somebody else to have the task before.
    """

    default_key = "platform.rejected"
    may_pass = False

    def __init__(
        self,
        platform: str,
        operation: str,
        *,
        retry_with: tuple[str, ...] = (),
        choices: Mapping[str, Sequence[str]] | None = None,
        reasons: tuple[str, ...] = (),
        assign_first: bool = False,
        key: str | None = None,
        said: str = "",
        **facts: object,
    ) -> None:
        super().__init__(platform, operation, key=key, said=said, **facts)
        self.retry_with = retry_with
        self.choices: Mapping[str, Sequence[str]] = choices or {}
        self.reasons = reasons  # one line each, when the platform gave several
        self.assign_first = assign_first


class BadResponse(AdapterError):
    default_key = "platform.bad_response"


class Unsupported(AdapterError):
    default_key = "platform.unsupported"
    may_pass = False


OPTIONAL_READ_ERRORS = (NotFound, Rejected, Unsupported)
"""The errors of an optional read that a key or a server does not allow: what it would have read is left out."""
