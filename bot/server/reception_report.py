"""How the running process receives each chat, for ``liaison doctor``."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from adapters.protocol import CheckResult, CheckStatus
from bot.surfaces.protocol import Reception


def report_reception(
    receptions: Mapping[str, Reception], readiness: Mapping[str, bool], now: datetime
) -> Sequence[CheckResult]:
    """``readiness`` has parts such as "slack socket"."""
    return [
        _report(
            name,
            reception,
            [part for part, ready in readiness.items() if part.startswith(f"{name} ") and not ready],
            now,
        )
        for name, reception in receptions.items()
    ]


def _report(name: str, reception: Reception, failing: Sequence[str], now: datetime) -> CheckResult:
    since = _since(reception.last_received, now)
    if reception.problem is not None:
        return reception.problem.model_copy(update={"summary": f"{name}: {reception.problem.summary} ({since})"})
    if failing:
        summary = f"{name}: the running Liaison is not connected ({', '.join(failing)}; {since})"
        return CheckResult(status=CheckStatus.FIX, summary=summary, fix="its log says why; it keeps trying")
    return CheckResult(status=CheckStatus.OK, summary=f"{name}: the running Liaison is connected ({since})")


def _since(last_received: datetime | None, now: datetime) -> str:
    if last_received is None:
        return "nothing received since it started"
    seconds = max(0, round((now - last_received).total_seconds()))
    ago = f"{seconds} s" if seconds < 120 else f"{seconds // 60} min"
    return f"last received {ago} ago, at {last_received.isoformat(timespec='seconds')}"
