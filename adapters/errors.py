"""What can go wrong with a platform, sorted by what is true afterwards and by who must act.

AdapterError(platform, operation)
├── Unreachable          nothing was sent, or only a read failed: retry freely
├── OutcomeUnknown       a write was sent and no answer that we can read came back: settle, never repeat blindly
├── RateLimited          nothing was done; carries ``retry_after`` seconds
├── CredentialsRejected  the operator acts: the key is wrong, or lacks a right
├── NotFound             no such thing, or not visible to our key
├── Conflict             the state moved on; ``already`` when it is exactly as asked
├── Rejected             the platform's own refusal; ``said`` has its words
├── BadResponse          a read answered 2xx with something we cannot read
└── Unsupported          this platform has no such thing; raised before any call

Every error names a sentence: ``key`` in the adapter's ``messages.toml`` (first) or in ``commands/text/messages.toml``, and
``facts`` for its placeholders. ``said`` is the platform's own text, trimmed to 300 characters, unescaped,
never holding a secret. Only the effect log turns these into outcomes; only dispatch turns them into cards.
"""

from collections.abc import Mapping, Sequence


class AdapterError(Exception):
    """Base of all. ``platform`` is the ``[platforms.NAME]`` name, ``operation`` a short word: "finish"."""

    default_key = "platform.error"
    may_pass = True  # the very same, sent again, may be taken: nobody has to change it, or a right, before

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

    def __init__(
        self, platform: str, operation: str, *, retry_after: float, key: str | None = None, said: str = ""
    ) -> None:
        super().__init__(platform, operation, key=key, said=said)
        self.retry_after = retry_after


class CredentialsRejected(AdapterError):
    default_key = "platform.credentials"
    may_pass = False


class NotFound(AdapterError):
    default_key = "platform.not_found"
    may_pass = False


class Conflict(AdapterError):
    """``already``: the thing is exactly as this write wanted it, done by somebody before us."""

    default_key = "platform.conflict"

    def __init__(
        self,
        platform: str,
        operation: str,
        *,
        already: bool = False,
        key: str | None = None,
        said: str = "",
        **facts: object,
    ) -> None:
        super().__init__(platform, operation, key=key, said=said, **facts)
        self.already = already


class Rejected(AdapterError):
    """``retry_with``: a confirmed second try may pass these write options (``Write.options``) and succeed.

    ``choices``: the platform needs to know which. Sentence key of a button -> the options it passes.
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
        key: str | None = None,
        said: str = "",
        **facts: object,
    ) -> None:
        super().__init__(platform, operation, key=key, said=said, **facts)
        self.retry_with = retry_with
        self.choices: Mapping[str, Sequence[str]] = choices or {}
        self.reasons = reasons  # one line each, when the platform gave several


class BadResponse(AdapterError):
    default_key = "platform.bad_response"


class Unsupported(AdapterError):
    default_key = "platform.unsupported"
    may_pass = False


OPTIONAL_READ_ERRORS = (NotFound, Rejected, Unsupported)
"""What a read of something beside the matter ends in where a key or a server has no such thing: left out."""
