"""Creates the chats that the settings name."""

from collections.abc import Callable
from datetime import datetime

from bot.config.settings import Settings
from bot.storage.installations import InstallationTable
from bot.storage.store import Store
from bot.storage.surface_state import SurfaceStateRows
from bot.surfaces.protocol import Duties, Surface


def create_chats(settings: Settings, store: Store, now: Callable[[], datetime], duties: Duties) -> list[Surface]:
    """Imports a chat's libraries only if it is configured, because they take most of the startup time."""
    chats: list[Surface] = []
    command = settings.bot.command
    if settings.slack is not None:
        from bot.surfaces.slack.surface import SlackSurface

        chats.append(
            SlackSurface(
                settings.slack,
                command=command,
                state=SurfaceStateRows(store, "slack:"),
                now=now,
                duties=duties,
                bots=settings.access.listed,
                installations=InstallationTable(store),
                public_url=settings.bot.address,
            )
        )
    if settings.mattermost is not None:
        from bot.surfaces.mattermost.surface import MattermostSurface

        chats.append(
            MattermostSurface(
                settings.mattermost,
                command=command,
                public_url=settings.bot.address,
                secret_key=settings.secret_key().encode(),
                state=SurfaceStateRows(store, "mattermost:"),
                now=now,
                duties=duties,
                bots=settings.access.listed,
            )
        )
    return chats
