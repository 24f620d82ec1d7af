"""``liaison mattermost setup``: one line per step, and the totals."""

from collections.abc import Callable

from bot.config.settings import Settings
from bot.observability.check_report import CheckCounter
from bot.observability.logs import Redactor
from bot.server.lock import is_locked
from bot.surfaces.mattermost.admin_api import AdminApi
from bot.surfaces.mattermost.driver import MattermostApi
from bot.surfaces.mattermost.setup import Setup, Wanted
from bot.surfaces.options import MattermostOptions


async def set_up_mattermost(
    settings: Settings,
    options: MattermostOptions,
    *,
    admin_token: str,
    teams: tuple[str, ...],
    dry_run: bool,
    show: Callable[[str], None],
) -> int:
    """Without ``admin_token``, only shows what to click. Returns the exit code: 1 if something is left to do."""
    counter = CheckCounter(
        Redactor([secret for secret in (admin_token, options.token.get_secret_value()) if secret])
    )
    bot = MattermostApi(options.url, options.token.get_secret_value())
    admin = AdminApi(options.url, admin_token)
    wanted = Wanted(
        command=settings.bot.command,
        public_url=settings.bot.address.rstrip("/"),
        teams=teams or ((options.team,) if options.team else ()),
        known_tokens=tuple(token.get_secret_value() for token in options.command_tokens),
        is_running=is_locked(settings.lock_path),
        dry_run=dry_run,
    )
    setup = Setup(bot, admin, wanted)
    try:
        if admin_token:
            async for line in setup.run():
                show(counter.line(line))
        else:
            for line in setup.clicks():
                show(counter.line(line))
    finally:
        await bot.close()
        await admin.close()
    show(counter.totals())
    return 1 if counter.fix or not admin_token else 0
