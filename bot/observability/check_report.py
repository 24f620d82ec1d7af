"""How ``liaison doctor`` and ``liaison mattermost setup`` print their checks."""

from dataclasses import dataclass

from adapters.protocol import CheckResult, CheckStatus
from bot.observability.logs import Redactor
from bot.surfaces.console.terminal_text import one_line


@dataclass
class CheckCounter:
    """``redact`` removes secrets: an unexpected error may quote one."""

    redact: Redactor
    ok: int = 0
    warn: int = 0
    fix: int = 0

    def line(self, result: CheckResult) -> str:
        """Names from platforms, chats and files are made safe for a terminal."""
        if result.status is CheckStatus.OK:
            self.ok += 1
            return self.redact(one_line(f"ok   {result.summary}"))
        if result.status is CheckStatus.WARN:
            self.warn += 1
        else:
            self.fix += 1
        line = f"{result.status.value:4} {result.summary}"
        return self.redact(one_line(f"{line} -> {result.fix}" if result.fix else line))

    def totals(self) -> str:
        warnings = {0: "", 1: "1 warning, "}.get(self.warn, f"{self.warn} warnings, ")
        return f"{self.ok} ok, {warnings}{self.fix} to fix"
