"""Checks that the Mattermost server reaches Liaison, by having it call the slash command.

Errors of ``commands/execute`` (server 5.37, ``app/command.go``): ``failed_resp`` names the status that came back;
``failed`` means that nothing answered, or that the server may not call that address.
"""

import re
from typing import Protocol

from adapters.protocol import CheckResult
from bot.surfaces.errors import SurfaceError
from bot.surfaces.mattermost.admin_api import AdminApi
from bot.surfaces.mattermost.check_lines import fix_line, ok_line, warn_line
from bot.surfaces.mattermost.transport import ServerFailed

_ANSWERED = "api.command.execute_command.failed_resp.app_error"
_NOT_ANSWERED = "api.command.execute_command.failed.app_error"


class ReachTarget(Protocol):
    @property
    def command(self) -> str: ...

    @property
    def public_url(self) -> str: ...

    @property
    def is_running(self) -> bool: ...


async def check_reach(
    admin: AdminApi, administrator: str, bot: str, team: str, target: ReachTarget
) -> CheckResult:
    """Types ``whoami`` as the administrator, in their direct channel with the bot: only they see the answer."""
    facts = {"url": target.public_url, "command": target.command}
    try:
        channel = await admin.direct_channel(administrator, bot)
        await admin.execute_command(channel, team, f"{target.command} whoami")
    except ServerFailed as error:
        return _explain(error, target, facts)
    except SurfaceError as error:
        return warn_line("reach.unknown", said=str(error), **facts)
    return ok_line("reach.ok", **facts)


def _explain(error: ServerFailed, target: ReachTarget, facts: dict[str, str]) -> CheckResult:
    if error.id == _ANSWERED:
        status = re.search(r"\b[1-5]\d\d\b", error.text)
        code = status[0] if status else "?"
        return (
            fix_line("reach.new_token", **facts)
            if code == "401"
            else fix_line("reach.other", status=code, **facts)
        )
    if error.id != _NOT_ANSWERED:
        return warn_line("reach.unknown", said=f"{error} ({error.id})", **facts)
    return fix_line("reach.refused", **facts) if target.is_running else warn_line("reach.not_running", **facts)
